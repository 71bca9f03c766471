"""The published claims in this run: the status of each, and the comparisons that test it.

The claims are those of Li et al. 2024 (a second stage improves accuracy and knowledge, replay prevents forgetting) and
of Gekhman et al. 2024 (unknown facts cause harm, MaybeKnown ones teach most). Which comparison tests which claim
follows from the stages of the two strategies, not from their names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gradual_learning.evaluation.table_values import FULL, NO_EPOCH, RELABELED
from gradual_learning.experiment import BASE
from gradual_learning.report.wording import Difference, code, compared, estimate, growth, listed, share, status
from gradual_learning.tables.schemas import CATEGORIES, Category

PUBLISHED_GAIN = 0.24  # Li et al. 2024, without saying by which of the two definitions
HIGHLY_KNOWN = CATEGORIES[0]
Chain = Sequence[str]  # names of stages
Pair = tuple[str, str]  # baseline, strategy


@dataclass(frozen=True)
class Claim:
    """A claim, its status in this run, and the sentences that give the evidence."""

    title: str
    status: str
    sentences: list[str]


@dataclass(frozen=True)
class Run:
    """The design and the results of a run.

    Attributes:
        tables: by subject.
        strategies: the stages of each strategy.
        stages: settings of each stage.
        confidence: coverage of the intervals.
        seeds: of every strategy.
        relabel: whether the questions were labeled twice under the base model.
        is_simulated: whether the workflow pretrained the base model.
    """

    tables: Mapping[str, pd.DataFrame]
    strategies: Mapping[str, Chain]
    stages: Mapping[str, Mapping[str, Any]]
    confidence: float
    seeds: Sequence[int]
    relabel: bool
    is_simulated: bool

    def compared_pairs(self) -> list[Pair]:
        """List all compared pairs."""
        pairs = self.tables["comparisons"][["baseline", "strategy"]].drop_duplicates()
        return list(pairs.itertuples(index=False, name=None))

    def pairs(self, relation: Callable[[Chain, Chain], bool]) -> list[Pair]:
        """List the compared pairs of trained strategies whose chains of stages are in this relation."""
        trained = [pair for pair in self.compared_pairs() if BASE not in pair]
        return [pair for pair in trained if relation(self.strategies[pair[0]], self.strategies[pair[1]])]

    def differences(self, pairs: Sequence[Pair], category: str = FULL) -> Iterator[tuple[str, str, Difference]]:
        """Look up the differences of pairs on the questions of a category at base."""
        table = self.tables["comparisons"]
        rows = table[table["category"] == category].set_index(["baseline", "strategy"])
        columns = ["difference", "low", "high", "mde", "adjusted_p"]
        for pair in pairs:
            yield *pair, Difference(*rows.reindex(columns=columns).loc[pair].astype(float))

    def continues(self, before: Chain, after: Chain) -> bool:
        """Return whether a chain continues another one with newly selected questions."""
        return list(after[: len(before)]) == list(before) != list(after) and not self._matches_steps(after)

    def matches_steps(self, before: Chain, after: Chain) -> bool:
        """Return whether the first chain is the control that trains for as many steps on the same questions again."""
        stage = self.stages[before[-1]]
        repeats = not stage["train_on"]["current"] and stage["matched_random"]["match_size_of"] is None
        is_control = repeats and self._matches_steps(before) and not self._matches_steps(after)
        return list(after[:-1]) == list(before[:-1]) and is_control

    def adds_replay(self, before: Chain, after: Chain) -> bool:
        """Return whether two chains differ only in that the last stage of the second one replays more."""
        first, second = (dict(self.stages[chain[-1]]) for chain in (before, after))
        amounts = [sum(stage.pop("replay").values()) for stage in (first, second)]
        return list(after[:-1]) == list(before[:-1]) and first == second and amounts[0] < amounts[1]

    def _matches_steps(self, chain: Chain) -> bool:
        return self.stages[chain[-1]]["match_steps_of"] is not None


def claims(run: Run) -> list[Claim]:
    """Judge every claim by the comparisons of the run."""
    later = run.pairs(run.continues)
    second = [pair for pair in later if len(run.strategies[pair[0]]) == 1]
    further = [pair for pair in later if pair not in second]
    replay = run.pairs(run.adds_replay)
    return [
        _judge(run, "A second stage improves accuracy", second),
        _judge(
            run,
            "A second stage improves accuracy more than as many steps on the same questions",
            run.pairs(run.matches_steps),
        ),
        _judge(run, "A second stage reduces forgetting of HighlyKnown questions", second, HIGHLY_KNOWN),
        judge_knowledge(run, [strategy for _, strategy in second]),
        _judge(run, "A third or later stage improves accuracy (published: no gain)", further),
        _judge(run, "Replay improves accuracy", replay),
        _judge(run, "Replay reduces forgetting of HighlyKnown questions", replay, HIGHLY_KNOWN),
        judge_harm(run),
        judge_ranking(run),
    ]


def _judge(run: Run, title: str, pairs: Sequence[Pair], category: str = FULL) -> Claim:
    """Judge a claim that the second strategy of each pair is the better one on the questions of a category."""
    differences = list(run.differences(pairs, category))
    verdicts = [difference.verdict(run.confidence) for _, _, difference in differences]
    return Claim(title, status(verdicts), compared(differences, run.confidence))


def judge_knowledge(run: Run, strategies: Sequence[str]) -> Claim:
    """Judge the claim that more questions are HighlyKnown after the last stage than after the first."""
    title = "More questions become HighlyKnown (published: about +24 %)"
    table = run.tables.get("knowledge_gain", pd.DataFrame(columns=["strategy", "split", "relative"]))
    rows = table[table["strategy"].isin(strategies)].dropna(subset="relative")
    rows = rows.sort_values("split", ascending=False, kind="stable")
    verdicts = [Difference(*row[["relative", "low", "high"]]).verdict(run.confidence) for _, row in rows.iterrows()]
    floor = [_noise_floor(run)] if len(rows) and "transitions" in run.tables else []
    return Claim(title, status(verdicts), [_gain(row) for _, row in rows.iterrows()] + [line for line in floor if line])


def _gain(row: pd.Series) -> str:
    """State how many questions are HighlyKnown before and after, and the gain by both definitions."""
    questions = "train" if row["split"] == "train" else "held-out"
    counts = f"{row['highly_known_base']:.0f}, {row['highly_known_first']:.0f} and {row['highly_known_final']:.0f}"
    is_significant = row["low"] > 0 or row["high"] < 0
    text = (
        f"{code(row['strategy'])}, {row['questions']:,} {questions} questions: {counts} are HighlyKnown at base (HK0),"
        f" after the first stage (HK1) and after the last (HK2), {growth(row['relative'], row['low'], row['high'])}"
        f" relative to the first stage{'' if is_significant else ' (not significant)'}"
    )
    if pd.isna(row["incremental"]):
        return f"{text}; the change relative to the gain of the first stage is undefined, because {row['reason']}."
    gain = growth(row["incremental"], row["incremental_low"], row["incremental_high"])
    included = [
        words
        for words, value in (("0", 0), ("the published +24 %", PUBLISHED_GAIN))
        if row["incremental_low"] <= value <= row["incremental_high"]
    ]
    return (
        f"{text}; {gain} relative to the gain of the first stage, an interval that includes"
        f" {listed(included) or 'neither 0 nor +24 %'}."
    )


def _noise_floor(run: Run) -> str:
    """State how many questions are HighlyKnown under the relabeled base model, or nothing where it was not."""
    table = run.tables["transitions"]
    rows = table[(table["to_checkpoint"] == RELABELED) & (table["split"] == "train")]
    if rows.empty:
        return ""
    before, after = (rows.loc[rows[f"{end}_category"] == HIGHLY_KNOWN, "questions"].sum() for end in ("from", "to"))
    moved = rows.loc[rows["from_category"] != rows["to_category"], "questions"].sum() / rows["questions"].sum()
    return (
        f"Noise floor: relabeled with other exemplars and samples, the base model has {after:,.0f} HighlyKnown train"
        f" questions instead of {before:,.0f}, and {share(moved)} change category by chance alone."
    )


def judge_harm(run: Run) -> Claim:
    """Judge the claim of Gekhman et al. that training on Unknown questions to the last epoch causes forgetting.

    The share left unanswered is compared with that of the base model by the bounds of both intervals. This is wider
    than an interval of the difference, since the two share their questions.
    """
    only_unknown = {"current": [Category.UNKNOWN.value], "at_base": []}
    names = [
        name for name, chain in run.strategies.items() if len(chain) == 1 and _trains_on(run, chain) == only_unknown
    ]
    base = _unanswered(run, BASE, NO_EPOCH)
    ends = [_unanswered(run, name, "last") for name in names]
    increases = [Difference(end[0] - base[0], end[1] - base[2], end[2] - base[1]) for end in ends]
    early = run.differences([(BASE, name) for name in names if (BASE, name) in run.compared_pairs()], HIGHLY_KNOWN)
    sentences = [
        f"Of the test questions HighlyKnown at base, {code(name)} leaves {share(*_unanswered(run, name, 'best'))}"
        f" unanswered at its best epoch and {share(*end)} at its last; the base model leaves {share(*base)}."
        for name, end in zip(names, ends, strict=True)
    ]
    verdicts = [difference.verdict(run.confidence) for difference in increases]
    title = "Training on Unknown questions to the last epoch causes forgetting of HighlyKnown ones"
    return Claim(title, status(verdicts), sentences + compared(early, run.confidence))


def _unanswered(run: Run, strategy: str, epoch: str) -> list[float]:
    """Look up the share of the test questions HighlyKnown at base that is left unanswered, with its interval."""
    table = run.tables["forgetting"].query("split == 'test'").set_index(["strategy", "epoch"])
    return table.loc[(strategy, epoch), ["forgotten", "low", "high"]].astype(float).tolist()


def _trains_on(run: Run, chain: Chain) -> dict[str, list[str]]:
    selected = run.stages[chain[0]]["train_on"]
    return {when: list(selected[when]) for when in ("current", "at_base")}


def judge_ranking(run: Run) -> Claim:
    """Judge whether training sets rank as in Gekhman et al.: no published rank lies outside an interval of ranks."""
    title = "Training sets of the same size rank as published (MaybeKnown, Natural, HighlyKnown, WeaklyKnown, Unknown)"
    if "category_ranking" not in run.tables:
        return Claim(title, status([]), [])
    full = run.tables["category_ranking"].query("category == @FULL")
    outside = full[(full["published_rank"] < full["rank_low"]) | (full["published_rank"] > full["rank_high"])]
    is_certain = (full["rank_low"] == full["rank_high"]).all()
    found = "does not hold" if len(outside) else "holds" if is_certain else "inconclusive"
    return Claim(title, found, [_order(full, epoch) for epoch in ("best", "last")] + [_deviations(outside)])


def _order(full: pd.DataFrame, epoch: str) -> str:
    """List the training sets at an epoch, best first, with their measured and published ranks."""
    sets = [
        f"{row['train_set']} {estimate(row, 'accuracy')}, rank {row['rank']:.0f} [{row['rank_low']:.0f},"
        f" {row['rank_high']:.0f}] (published: {share(row['published'])}, rank {row['published_rank']:.0f})"
        for _, row in full[full["epoch"] == epoch].sort_values("rank").iterrows()
    ]
    return f"At the {epoch} epoch: {'; '.join(sets)}."


def _deviations(outside: pd.DataFrame) -> str:
    """State which published ranks lie outside the intervals."""
    if outside.empty:
        return "Every published rank lies within the interval of the rank measured here."
    sets = [
        f"{row['train_set']} at the {row['epoch']} epoch ({row['rank']:.0f} instead of {row['published_rank']:.0f})"
        for _, row in outside.iterrows()
    ]
    return f"The order differs from the published one: {listed(sets)}."
