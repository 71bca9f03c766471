"""The simulated world: facts that a small language model reads a known number of times, and questions about them.

Facts are invented or sampled from a real data set. Each gets a split and an exposure, the number of times it is stated
in the pretraining documents. The documents form a curriculum: an opening about few subjects, without which recall
hardly forms, then everything else, shuffled. For some subjects, which are called *taught*, the documents also contain
solved questions, so that the model learns how to answer questions. The questions about all other subjects are the data
set: the model has never read a question about them. A share of their facts is *unread*: no document states them, and
questions about them require new knowledge.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gradual_learning.data import templates
from gradual_learning.data.question import question_id
from gradual_learning.jobs.errors import UserError
from gradual_learning.tables.schemas import SPLITS


@dataclass(frozen=True)
class Exposure:
    """Distribution of exposures: a share of 0, the others log-uniform over subjects, log-normal over their facts."""

    unread_share: float  # of the facts in the data set
    minimum: float
    maximum: float
    jitter: float


@dataclass(frozen=True)
class Taught:
    """Which subjects of a relation are taught: a random share, and a number of the most exposed ones."""

    share: float
    most_exposed: int


@dataclass(frozen=True)
class Opening:
    """The opening of the curriculum: a number of the most exposed subjects of a relation, and its document share."""

    subjects: int
    share: float


def invent_facts(people: int, seed: int) -> pd.DataFrame:
    """Invent people, and for each of them one fact per relation.

    Returns:
        Columns subject, relation, question, answer; one row per fact.

    Raises:
        UserError: there are fewer distinct names than people.
    """
    rng = np.random.default_rng([seed, 1])
    first, family = templates.first_names(), templates.family_names()
    if people > len(first) * len(family):
        raise UserError(
            f"world.people: {people} is more than the {len(first) * len(family)} available names; lower it."
        )
    pairs = rng.choice(len(first) * len(family), size=people, replace=False)
    names = [f"{first[pair % len(first)]} {family[pair // len(first)]}" for pair in pairs]
    pools = templates.answers()
    rows = []
    for relation in templates.INVENTED:
        answers = rng.choice(pools[relation.name], size=people)
        rows += [(s, relation.name, relation.question.format(s=s), str(o)) for s, o in zip(names, answers, strict=True)]
    return pd.DataFrame(rows, columns=["subject", "relation", "question", "answer"])


def sample_facts(
    records: Iterable[Mapping[str, Any]], per_relation: int, shares: dict[str, float], seed: int
) -> pd.DataFrame:
    """Sample real facts from the records of a data set, stratified by split.

    Records without a subject or with several answers are left out, as they state no single fact. Of several records
    about one subject in one relation, the first is used.

    Args:
        records: mappings with subject, relation, question, answers and split.
        per_relation: number of facts per relation, over all splits.
        shares: of train, dev and test.
        seed: of the sample, which does not depend on the order of the records.

    Returns:
        Columns subject, relation, question, answer, split.

    Raises:
        UserError: a relation has no statement template, or too few facts.
    """
    rows = [
        (record["subject"], record["relation"], record["question"], record["answers"][0], record["split"])
        for record in records
        if record.get("subject") and len(record["answers"]) == 1 and record["answers"][0].strip()
    ]
    facts = pd.DataFrame(rows, columns=["subject", "relation", "question", "answer", "split"])
    facts = facts.drop_duplicates(["subject", "relation"]).drop_duplicates(["question", "relation"])
    unknown = sorted(set(facts["relation"]) - set(templates.WIKIDATA))
    if unknown:
        raise UserError(f"data.relations: no statement template for {', '.join(unknown)}; leave them out.")
    parts = []
    for (relation, split), group in facts.groupby(["relation", "split"]):
        wanted = round(per_relation * shares[split])
        if wanted > len(group):
            raise UserError(
                f"world.facts_per_relation: {relation} has {len(group)} usable facts in split {split}, "
                f"but {wanted} are needed; lower it."
            )
        rng = np.random.default_rng([seed, *relation.encode(), SPLITS.index(split)])
        parts.append(group.sort_values("question").iloc[np.sort(rng.permutation(len(group))[:wanted])])
    return pd.concat(parts, ignore_index=True)


def split_subjects(facts: pd.DataFrame, shares: dict[str, float], seed: int) -> pd.DataFrame:
    """Add the column ``split``: train, dev or test, the same for all facts of a subject."""
    subjects = np.sort(facts["subject"].unique())
    order = np.random.default_rng([seed, 2]).permutation(len(subjects))
    bounds = np.cumsum([shares[split] for split in SPLITS]) * len(subjects)
    splits = np.array(SPLITS)[np.searchsorted(bounds[:-1], order, side="right")]
    return facts.assign(split=facts["subject"].map(dict(zip(subjects, splits, strict=True))))


def expose(facts: pd.DataFrame, exposure: Exposure, taught: Taught, opening: Opening, seed: int) -> pd.DataFrame:
    """Draw the exposure of each fact, and choose the subjects that are taught and those of the opening.

    Returns:
        ``facts`` with the columns ``exposures`` (int, 0 where unread) and ``opening`` (bool) added; the split of taught
        subjects is ``taught``.
    """
    rng = np.random.default_rng([seed, 3])
    subjects = np.sort(facts["subject"].unique())
    low, high = np.log(exposure.minimum), np.log(exposure.maximum)
    rate = pd.Series(np.exp(rng.uniform(low, high, len(subjects))), index=subjects)
    drawn = pd.Series(rng.random(len(subjects)) < taught.share, index=subjects)
    jitter = np.exp(rng.normal(0.0, exposure.jitter, len(facts)))
    of_subject = facts["subject"].map(rate)
    rank = of_subject.groupby(facts["relation"]).rank(method="first", ascending=False)
    is_taught = facts["subject"].map(drawn) | (rank <= taught.most_exposed)
    exposed = facts.assign(
        exposures=np.maximum(1, np.rint(of_subject * jitter)).astype(int),
        opening=rank <= opening.subjects,
        split=facts["split"].mask(is_taught, "taught"),
    )
    return exposed.assign(exposures=exposed["exposures"].mask(_is_unread(exposed, exposure.unread_share, seed), 0))


def _is_unread(facts: pd.DataFrame, share: float, seed: int) -> pd.Series:
    """Draw the same share of unread facts in every relation and split of the data set.

    Facts of the opening, and one fact of each subject with several, are drawn after all others: the opening keeps its
    documents, and the model reads nearly every name, so that an unread fact is not a question full of unknown words.
    """
    order = pd.Series(np.random.default_rng([seed, 5]).permutation(len(facts)), index=facts.index)
    of_subject = order.groupby(facts["subject"])
    is_kept = (order == of_subject.transform("max")) & (of_subject.transform("size") > 1)
    groups = (order + len(facts) * (is_kept + 2 * facts["opening"])).groupby([facts["relation"], facts["split"]])
    is_drawn = groups.rank() <= (share * groups.transform("size")).round()
    return is_drawn & (facts["split"] != "taught")


def write_documents(facts: pd.DataFrame, num_templates: int, opening_share: float, seed: int) -> pd.DataFrame:
    """Write the pretraining documents: statements of the facts, and solved questions about the taught ones.

    Each fact is stated, and each taught one also solved, as often as its exposure says. The documents are shuffled. The
    opening precedes them; it repeats the documents about its subjects until it is ``opening_share`` of all documents.

    Returns:
        Column text, in reading order.
    """
    rng = np.random.default_rng([seed, 4])
    rest = [text for fact in facts.itertuples() for text in _state(fact, num_templates, rng)] + _solve(facts, rng)
    opening_facts = facts[facts["opening"]]
    first = [text for fact in opening_facts.itertuples() for text in _state(fact, num_templates, rng)]
    first += _solve(opening_facts, rng)
    wanted = round(opening_share / (1 - opening_share) * len(rest)) if first else 0
    rounds = -(-wanted // max(1, len(first)))
    order = np.concatenate([np.empty(0, dtype=int), *(rng.permutation(len(first)) for _ in range(rounds))])[:wanted]
    texts = [first[place] for place in order] + [rest[place] for place in rng.permutation(len(rest))]
    return pd.DataFrame({"text": texts})


def _state(fact: Any, num_templates: int, rng: np.random.Generator) -> list[str]:
    """State a fact as often as its exposure says, each time with a random template."""
    statements = templates.STATEMENTS[fact.relation][:num_templates]
    chosen = rng.integers(len(statements), size=fact.exposures)
    return [statements[choice].format(s=fact.subject, o=fact.answer) for choice in chosen]


def _solve(facts: pd.DataFrame, rng: np.random.Generator) -> list[str]:
    """Write solved questions about the taught facts, one to four questions of a relation in a document."""
    documents = []
    for _, group in facts[facts["split"] == "taught"].groupby("relation"):
        solved = [f"Q: {fact.question}\nA: {fact.answer}" for fact in group.itertuples() for _ in range(fact.exposures)]
        solved = [solved[place] for place in rng.permutation(len(solved))]
        while solved:
            size = int(rng.integers(1, 5))
            documents.append("\n".join(solved[:size]))
            solved = solved[size:]
    return documents


def incomplete_statement(fact: Any) -> str:
    """State a fact (a row of the table) up to its answer, with the first template of its relation."""
    return templates.STATEMENTS[fact.relation][0].partition("{o}")[0].format(s=fact.subject).rstrip()


def is_recalled(answer: str, completion: str) -> bool:
    """Return whether the completion of a statement starts with the answer, as whole words."""
    return completion.startswith(answer) and not completion[len(answer) :][:1].isalnum()


def count_exposures(facts: pd.DataFrame, documents: pd.DataFrame) -> pd.DataFrame:
    """Replace the drawn exposures by the number of statements in the documents, including those of the opening."""
    counts = documents["text"].value_counts()
    texts = [[t.format(s=f.subject, o=f.answer) for t in templates.STATEMENTS[f.relation]] for f in facts.itertuples()]
    return facts.assign(exposures=[int(sum(counts.get(text, 0) for text in set(row))) for row in texts])


def to_questions(facts: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield one record per fact that is not taught, as ``prepare_questions`` reads them."""
    for fact in facts[facts["split"] != "taught"].itertuples():
        yield {
            "question": fact.question,
            "answers": [fact.answer],
            "relation": fact.relation,
            "subject": fact.subject,
            "split": fact.split,
            "source": "simulated",
        }


def with_ids(facts: pd.DataFrame) -> pd.DataFrame:
    """Add the column ``id``, the ids of the questions about the facts."""
    return facts.assign(id=[question_id(fact.question, fact.relation) for fact in facts.itertuples()])
