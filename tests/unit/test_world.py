"""The simulated world: its splits, its exposures, and documents that say what the fact table says they do."""

import pandas as pd
import pytest

from gradual_learning import lexicon, world
from gradual_learning.records import UserError

SHARES = {"train": 0.3, "dev": 0.2, "test": 0.5}


def make(people=200, opening=world.Opening(10, 0.25), taught=world.Taught(0.1, 5), seed=1):  # noqa: B008
    facts = world.split_subjects(world.invent_facts(people, seed), SHARES, seed)
    facts = world.with_ids(world.expose(facts, world.Exposure(1, 30, 0.4), taught, opening, seed))
    return facts, world.write_documents(facts, 3, opening.share, seed)


def test_names_and_answers_are_readable_and_answers_have_one_to_three_words():
    for name, pool in lexicon.answers().items():
        assert len(pool) == len(set(pool)) > 50, name
        assert {len(answer.split()) for answer in pool} <= {1, 2, 3}
    lengths = {len(answer.split()) for pool in lexicon.answers().values() for answer in pool}
    assert lengths == {1, 2, 3}
    assert all(subject.istitle() and len(subject.split()) == 2 for subject in world.invent_facts(50, 1)["subject"])


def test_every_first_statement_ends_with_the_answer():
    statements = [item.statements for item in lexicon.INVENTED] + list(lexicon.WIKIDATA.values())
    assert all(texts[0].endswith("{o}.") for texts in statements)
    assert all(text.count("{s}") == text.count("{o}") == 1 for texts in statements for text in texts)


def test_subjects_are_disjoint_between_splits_and_shares_hold():
    facts, _ = make(people=2000)
    assert (facts.groupby("subject")["split"].nunique() == 1).all()
    shares = facts[facts["split"] != "taught"]["split"].value_counts(normalize=True)
    for split, share in SHARES.items():
        assert shares[split] == pytest.approx(share, abs=0.03)


def test_the_most_exposed_are_taught_and_open_the_curriculum():
    facts, documents = make()
    assert (facts[facts["opening"]].groupby("relation").size() == 10).all()
    assert (facts[facts["split"] == "taught"].groupby("relation").size() >= 5).all()
    subjects = set(facts[facts["opening"]]["subject"])
    opening = documents["text"].head(round(0.25 * len(documents)))
    assert opening.map(lambda text: any(subject in text for subject in subjects)).all()
    assert not documents["text"].tail(200).map(lambda text: any(subject in text for subject in subjects)).all()


def test_documents_state_each_fact_as_often_as_it_is_exposed():
    facts, documents = make(opening=world.Opening(10, 0.0))
    counted = world.count_exposures(facts, documents)
    assert counted["exposures"].tolist() == facts["exposures"].tolist()
    with_opening, more = make()
    recounted = world.count_exposures(with_opening, more)
    assert (recounted["exposures"] >= with_opening["exposures"]).all()
    assert (recounted["exposures"] > with_opening["exposures"])[with_opening["opening"]].mean() > 0.9


def test_no_question_of_the_data_set_is_asked_in_the_documents():
    facts, documents = make()
    asked = "\n".join(documents["text"][documents["text"].str.startswith("Q: ")])
    questions = list(world.to_questions(facts))
    assert asked and not any(record["question"] in asked for record in questions)
    assert len(questions) == (facts["split"] != "taught").sum()
    assert all(question in asked for question in facts[facts["split"] == "taught"]["question"])


def test_the_same_seed_makes_the_same_world_and_another_one_another():
    first, second, other = make(), make(), make(seed=2)
    pd.testing.assert_frame_equal(first[0], second[0])
    pd.testing.assert_frame_equal(first[1], second[1])
    assert not first[1].equals(other[1])


def test_too_many_people_are_refused():
    with pytest.raises(UserError, match=r"world\.people"):
        world.invent_facts(10**6, 1)


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


def test_real_facts_are_sampled_from_each_split_by_its_share_whatever_their_order():
    facts = world.sample_facts(records(), 20, SHARES, seed=1)
    assert facts["split"].value_counts().to_dict() == {"train": 6, "dev": 4, "test": 10}
    pd.testing.assert_frame_equal(facts, world.sample_facts(records()[::-1], 20, SHARES, seed=1))


def test_records_that_state_no_single_fact_are_left_out():
    broken = [record | {"subject": None} for record in records(count=9)]
    broken += [record | {"answers": ["a", "b"]} for record in records(count=18)[9:]]
    facts = world.sample_facts(broken + records()[18:], 20, SHARES, seed=1)
    assert not {f"Person {number}" for number in range(18)} & set(facts["subject"])


def test_too_few_facts_and_unknown_relations_are_named():
    with pytest.raises(UserError, match=r"facts_per_relation: P19 has \d+ usable facts in split"):
        world.sample_facts(records(), 500, SHARES, seed=1)
    with pytest.raises(UserError, match="no statement template for P9999"):
        world.sample_facts(records("P9999"), 10, SHARES, seed=1)


@pytest.mark.parametrize(("said", "whole"), [("Port Alder.", True), ("Port Alderman", False), ("Port", False)])
def test_a_completion_counts_when_it_begins_with_the_answer(said, whole):
    assert world.is_completed("Port Alder", said) == whole
