"""The simulated world: splits, exposures, and documents that agree with the table of facts."""

import pandas as pd
import pytest

from gradual_learning.data import simulation, templates
from gradual_learning.jobs.errors import UserError

SHARES = {"train": 0.3, "dev": 0.2, "test": 0.5}


OPENING = simulation.Opening(10, 0.25)


def make(people=200, opening=OPENING, unread_share=0.3, seed=1):
    facts = simulation.split_subjects(simulation.invent_facts(people, seed), SHARES, seed)
    exposure, taught = simulation.Exposure(unread_share, 1, 30, 0.4), simulation.Taught(0.1, 5)
    facts = simulation.with_ids(simulation.expose(facts, exposure, taught, opening, seed))
    return facts, simulation.write_documents(facts, 3, opening.share, seed)


def data_set(facts):
    return facts[facts["split"] != "taught"]


def test_names_have_two_words_and_answers_one_to_three():
    for name, pool in templates.answers().items():
        assert len(pool) == len(set(pool)) > 50, name
        assert {len(answer.split()) for answer in pool} <= {1, 2, 3}
    lengths = {len(answer.split()) for pool in templates.answers().values() for answer in pool}
    assert lengths == {1, 2, 3}
    assert all(subject.istitle() and len(subject.split()) == 2 for subject in simulation.invent_facts(50, 1)["subject"])


def test_every_first_statement_ends_with_the_answer():
    statements = [item.statements for item in templates.INVENTED] + list(templates.WIKIDATA.values())
    assert all(texts[0].endswith("{o}.") for texts in statements)
    assert all(text.count("{s}") == text.count("{o}") == 1 for texts in statements for text in texts)


def test_each_subject_is_in_one_split_and_splits_have_their_shares():
    facts, _ = make(people=2000)
    assert (facts.groupby("subject")["split"].nunique() == 1).all()
    shares = data_set(facts)["split"].value_counts(normalize=True)
    for split, share in SHARES.items():
        assert shares[split] == pytest.approx(share, abs=0.03)


def test_the_most_exposed_subjects_are_taught_and_in_the_opening():
    facts, documents = make()
    assert (facts[facts["opening"]].groupby("relation").size() == 10).all()
    assert (facts[facts["split"] == "taught"].groupby("relation").size() >= 5).all()
    subjects = set(facts[facts["opening"]]["subject"])
    opening = documents["text"].head(round(0.25 * len(documents)))
    assert opening.map(lambda text: any(subject in text for subject in subjects)).all()
    assert not documents["text"].tail(200).map(lambda text: any(subject in text for subject in subjects)).all()


def test_documents_state_each_fact_as_often_as_its_exposure():
    facts, documents = make(opening=simulation.Opening(10, 0.0))
    counted = simulation.count_exposures(facts, documents)
    assert counted["exposures"].tolist() == facts["exposures"].tolist()
    with_opening, more = make()
    recounted = simulation.count_exposures(with_opening, more)
    assert (recounted["exposures"] >= with_opening["exposures"]).all()
    assert (recounted["exposures"] > with_opening["exposures"])[with_opening["opening"]].mean() > 0.9


@pytest.mark.parametrize("share", [0.0, 0.35, 0.9])
def test_the_share_of_unread_facts_is_exact_in_every_relation_and_split(share):
    facts, _ = make(unread_share=share)
    unread = data_set(facts).assign(unread=data_set(facts)["exposures"] == 0).groupby(["relation", "split"])["unread"]
    assert (unread.sum() == (share * unread.size()).round()).all() and len(unread) == 4 * len(SHARES)
    assert (facts[facts["split"] == "taught"]["exposures"] > 0).all()


def test_no_document_states_an_unread_fact_and_none_lacks_its_subject():
    facts, documents = make(opening=simulation.Opening(40, 0.25))
    unread, text = facts[facts["exposures"] == 0], "\n".join(documents["text"])
    counted = simulation.count_exposures(facts, documents)["exposures"]
    assert len(unread) > 200 and (counted == 0).equals(facts["exposures"] == 0)
    for fact in unread.itertuples():
        stated = [template.format(s=fact.subject, o=fact.answer) for template in templates.STATEMENTS[fact.relation]]
        assert fact.question not in text and not any(statement in text for statement in stated)
        assert fact.subject in text
    assert not facts[facts["opening"]]["exposures"].eq(0).any()


def test_unread_facts_leave_the_other_facts_as_they_are():
    some, none = make()[0], make(unread_share=0)[0]
    read = some["exposures"] > 0
    assert (none["exposures"] > 0).all()
    pd.testing.assert_frame_equal(some[read], none[read])
    pd.testing.assert_frame_equal(some.drop(columns="exposures"), none.drop(columns="exposures"))


def test_real_facts_with_one_relation_per_subject_can_be_unread():
    facts = simulation.sample_facts(records(), 20, SHARES, seed=1)
    exposure, taught, opening = simulation.Exposure(0.5, 1, 3, 0), simulation.Taught(0, 0), simulation.Opening(1, 0.1)
    facts = simulation.expose(facts, exposure, taught, opening, seed=1)
    assert facts[facts["exposures"] == 0]["split"].value_counts().to_dict() == {"train": 3, "dev": 2, "test": 5}


def test_documents_contain_the_taught_questions_and_no_question_of_the_data_set():
    facts, documents = make()
    solved = "\n".join(documents["text"][documents["text"].str.startswith("Q: ")])
    questions = list(simulation.to_questions(facts))
    assert solved and not any(record["question"] in solved for record in questions)
    assert len(questions) == len(data_set(facts))
    assert all(question in solved for question in facts[facts["split"] == "taught"]["question"])


def test_the_seed_determines_the_world():
    first, second, other = make(), make(), make(seed=2)
    assert (first[0]["exposures"] == 0).ne(other[0]["exposures"] == 0).any()
    pd.testing.assert_frame_equal(first[0], second[0])
    pd.testing.assert_frame_equal(first[1], second[1])
    assert not first[1].equals(other[1])


def test_too_many_people_are_an_error():
    with pytest.raises(UserError, match=r"world\.people"):
        simulation.invent_facts(10**6, 1)


def records(relation="P19", count=50):
    return [
        {
            "question": f"Where was Person {number} born?",
            "answers": [f"Town {number}"],
            "relation": relation,
            "subject": f"Person {number}",
            "split": ("train", "dev", "test")[number % 3],
        }
        for number in range(count)
    ]


def test_real_facts_are_sampled_from_each_split_whatever_their_order():
    facts = simulation.sample_facts(records(), 20, SHARES, seed=1)
    assert facts["split"].value_counts().to_dict() == {"train": 6, "dev": 4, "test": 10}
    pd.testing.assert_frame_equal(facts, simulation.sample_facts(records()[::-1], 20, SHARES, seed=1))


def test_records_that_state_no_single_fact_are_left_out():
    broken = [record | {"subject": None} for record in records(count=9)]
    broken += [record | {"answers": ["a", "b"]} for record in records(count=18)[9:]]
    facts = simulation.sample_facts(broken + records()[18:], 20, SHARES, seed=1)
    assert not {f"Person {number}" for number in range(18)} & set(facts["subject"])


def test_too_few_facts_and_unknown_relations_are_errors():
    with pytest.raises(UserError, match=r"facts_per_relation: P19 has \d+ usable facts in split"):
        simulation.sample_facts(records(), 500, SHARES, seed=1)
    with pytest.raises(UserError, match="no statement template for P9999"):
        simulation.sample_facts(records("P9999"), 10, SHARES, seed=1)


@pytest.mark.parametrize(("completion", "correct"), [("Port Alder.", True), ("Port Alderman", False), ("Port", False)])
def test_a_completion_is_correct_if_it_starts_with_the_answer(completion, correct):
    assert simulation.is_recalled("Port Alder", completion) == correct
