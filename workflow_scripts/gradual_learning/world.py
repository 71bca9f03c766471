"""The simulated world: facts that a small language model reads a known number of times, and the questions about them.

A fact table, invented here or sampled from a real data set, is given exposures (how often each fact is stated) and
splits. The documents state the facts in the reading order of a curriculum: an opening about few subjects, without
which recall hardly forms, then everything else shuffled. Some subjects are also *taught*: their questions are asked
and answered in the documents, so that the model learns what a question is. The questions about all others are the
data set; answering them needs knowledge that the model holds but has never been asked for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gradual_learning import lexicon
from gradual_learning.records import SPLITS, UserError, question_id


@dataclass(frozen=True)
class Exposure:
    """How often facts are stated: log-uniform over subjects, log-normal jitter over the facts of a subject."""

    minimum: float
    maximum: float
    jitter: float


@dataclass(frozen=True)
class Taught:
    """Which subjects of a relation are taught as questions: a random share, and so many of the most exposed."""

    share: float
    most_exposed: int


@dataclass(frozen=True)
class Opening:
    """The opening of the curriculum: the most exposed subjects of a relation, for a share of all documents."""

    subjects: int
    share: float


def invent_facts(people: int, seed: int) -> pd.DataFrame:
    """Invent people and one fact for each of them in each relation.

    Returns:
        Columns subject, relation, question, answer; one row per fact. Subjects are distinct.

    Raises:
        UserError: more people are asked for than there are distinct names.
    """
    rng = np.random.default_rng([seed, 1])
    first, family = lexicon.first_names(), lexicon.family_names()
    if people > len(first) * len(family):
        raise UserError(
            f"world.people: {people} is more than the {len(first) * len(family)} names there are; lower it."
        )
    pairs = rng.choice(len(first) * len(family), size=people, replace=False)
    names = [f"{first[pair % len(first)]} {family[pair // len(first)]}" for pair in pairs]
    pools = lexicon.answers()
    rows = []
    for relation in lexicon.INVENTED:
        answers = rng.choice(pools[relation.name], size=people)
        rows += [(s, relation.name, relation.question.format(s=s), str(o)) for s, o in zip(names, answers, strict=True)]
    return pd.DataFrame(rows, columns=["subject", "relation", "question", "answer"])


def sample_facts(records: Iterable[dict], per_relation: int, shares: dict[str, float], seed: int) -> pd.DataFrame:
    """Sample real facts from question records, from each split of the data set its share.

    Records without a subject or with several answers state no single fact and are left out; of several records about
    one subject in one relation the first is kept.

    Returns:
        Columns subject, relation, question, answer, split.

    Raises:
        UserError: a relation has no statement template, or too few facts for what is asked.
    """
    rows = [
        (record["subject"], record["relation"], record["question"], record["answers"][0], record["split"])
        for record in records
        if record.get("subject") and len(record["answers"]) == 1 and record["answers"][0].strip()
    ]
    facts = pd.DataFrame(rows, columns=["subject", "relation", "question", "answer", "split"])
    facts = facts.drop_duplicates(["subject", "relation"]).drop_duplicates(["question", "relation"])
    unknown = sorted(set(facts["relation"]) - set(lexicon.WIKIDATA))
    if unknown:
        raise UserError(f"data.relations: no statement template for {', '.join(unknown)}; leave them out.")
    parts = []
    for (relation, split), group in facts.groupby(["relation", "split"]):
        wanted = round(per_relation * shares[split])
        if wanted > len(group):
            raise UserError(
                f"world.facts_per_relation: {relation} has {len(group)} usable facts in split {split}, "
                f"{wanted} are asked for; lower it."
            )
        rng = np.random.default_rng([seed, *relation.encode(), SPLITS.index(split)])
        parts.append(group.sort_values("question").iloc[np.sort(rng.permutation(len(group))[:wanted])])
    return pd.concat(parts, ignore_index=True)


def split_subjects(facts: pd.DataFrame, shares: dict[str, float], seed: int) -> pd.DataFrame:
    """Add a column ``split`` so that all facts of a subject fall into one of train, dev and test."""
    subjects = np.sort(facts["subject"].unique())
    order = np.random.default_rng([seed, 2]).permutation(len(subjects))
    bounds = np.cumsum([shares[split] for split in SPLITS]) * len(subjects)
    splits = np.array(SPLITS)[np.searchsorted(bounds[:-1], order, side="right")]
    return facts.assign(split=facts["subject"].map(dict(zip(subjects, splits, strict=True))))


def expose(facts: pd.DataFrame, exposure: Exposure, taught: Taught, opening: Opening, seed: int) -> pd.DataFrame:
    """Draw how often each fact is stated, and choose the subjects that are taught and those of the opening.

    Returns:
        ``facts`` with columns ``exposures`` (int, at least 1), ``opening`` (bool) and ``split`` changed to ``taught``
        where the subject is taught.
    """
    rng = np.random.default_rng([seed, 3])
    subjects = np.sort(facts["subject"].unique())
    low, high = np.log(exposure.minimum), np.log(exposure.maximum)
    rate = pd.Series(np.exp(rng.uniform(low, high, len(subjects))), index=subjects)
    lucky = pd.Series(rng.random(len(subjects)) < taught.share, index=subjects)
    jitter = np.exp(rng.normal(0.0, exposure.jitter, len(facts)))
    of_subject = facts["subject"].map(rate)
    rank = of_subject.groupby(facts["relation"]).rank(method="first", ascending=False)
    is_taught = facts["subject"].map(lucky) | (rank <= taught.most_exposed)
    return facts.assign(
        exposures=np.maximum(1, np.rint(of_subject * jitter)).astype(int),
        opening=rank <= opening.subjects,
        split=facts["split"].mask(is_taught, "taught"),
    )


def write_documents(facts: pd.DataFrame, templates: int, opening_share: float, seed: int) -> pd.DataFrame:
    """State every fact as often as it is exposed, and ask and answer the taught ones as often.

    All documents are read once, shuffled, after an opening that repeats those about its subjects until they are
    ``opening_share`` of all that is read.

    Returns:
        Column text, in reading order.
    """
    rng = np.random.default_rng([seed, 4])
    rest = [text for fact in facts.itertuples() for text in _state(fact, templates, rng)] + _ask(facts, rng)
    opening_facts = facts[facts["opening"]]
    first = [text for fact in opening_facts.itertuples() for text in _state(fact, templates, rng)]
    first += _ask(opening_facts, rng)
    wanted = round(opening_share / (1 - opening_share) * len(rest)) if first else 0
    rounds = -(-wanted // max(1, len(first)))
    order = np.concatenate([np.empty(0, dtype=int), *(rng.permutation(len(first)) for _ in range(rounds))])[:wanted]
    texts = [first[place] for place in order] + [rest[place] for place in rng.permutation(len(rest))]
    return pd.DataFrame({"text": texts})


def _state(fact: Any, templates: int, rng: np.random.Generator) -> list[str]:
    statements = lexicon.STATEMENTS[fact.relation][:templates]
    chosen = rng.integers(len(statements), size=fact.exposures)
    return [statements[choice].format(s=fact.subject, o=fact.answer) for choice in chosen]


def _ask(facts: pd.DataFrame, rng: np.random.Generator) -> list[str]:
    """Ask and answer the taught facts, one to four questions of a relation in a document."""
    documents = []
    for _, group in facts[facts["split"] == "taught"].groupby("relation"):
        solved = [f"Q: {fact.question}\nA: {fact.answer}" for fact in group.itertuples() for _ in range(fact.exposures)]
        solved = [solved[place] for place in rng.permutation(len(solved))]
        while solved:
            size = int(rng.integers(1, 5))
            documents.append("\n".join(solved[:size]))
            solved = solved[size:]
    return documents


def unfinished(fact: Any) -> str:
    """State a fact (a row of the table) up to its answer, with the first template of its relation."""
    return lexicon.STATEMENTS[fact.relation][0].partition("{o}")[0].format(s=fact.subject).rstrip()


def is_completed(answer: str, said: str) -> bool:
    """Tell whether a completion begins with the answer, as a sentence of its own would."""
    return said.startswith(answer) and not said[len(answer) :][:1].isalnum()


def count_exposures(facts: pd.DataFrame, documents: pd.DataFrame) -> pd.DataFrame:
    """Replace the drawn exposures by the statements that the documents really hold, those of the opening included."""
    told = documents["text"].value_counts()
    texts = [[t.format(s=f.subject, o=f.answer) for t in lexicon.STATEMENTS[f.relation]] for f in facts.itertuples()]
    return facts.assign(exposures=[int(sum(told.get(text, 0) for text in set(row))) for row in texts])


def to_questions(facts: pd.DataFrame) -> Iterable[dict]:
    """Yield one record per fact that is not taught, in the form that ``prepare_questions`` reads."""
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
    """Add the ids that the questions about the facts bear."""
    return facts.assign(id=[question_id(fact.question, fact.relation) for fact in facts.itertuples()])
