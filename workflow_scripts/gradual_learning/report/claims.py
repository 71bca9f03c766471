"""Which of the published claims hold in this run: each with the comparisons that were made for it.

The claims are those of Li et al. 2024 (a second stage gains accuracy and knowledge, replay keeps what was known) and of
Gekhman et al. 2024 (unknown facts harm, MaybeKnown ones teach most). Which comparison speaks to which claim follows
from the stages of the two strategies, not from their names.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from gradual_learning.measures.runs import BASE, FULL, NO_EPOCH, RETEST
from gradual_learning.records import CATEGORIES, Category
from gradual_learning.report.sentences import Difference, code, compared, growth, listed, share, status

PUBLISHED_GAIN = 0.24  # Li et al. 2024, which of two readings is open
HIGHLY_KNOWN = CATEGORIES[0]


@dataclass(frozen=True)
class Claim:
    """A claim, what becomes of it here, and the sentences that say why."""

    title: str
    status: str
    sentences: list[str]


@dataclass(frozen=True)
class Run:
    """What was run and what came out: tables by subject, and the stages that tell what a comparison is made for."""

    tables: Mapping[str, pd.DataFrame]
    strategies: Mapping[str, Sequence[str]]
    stages: Mapping[str, Mapping]
    confidence: float
    seeds: Sequence[int]
    retest: bool  # whether the base model's questions were sorted twice
    is_simulated: bool  # whether the base model was pretrained by the workflow

    def pairs(self, wanted: Callable[[Sequence[str], Sequence[str]], bool]) -> list[tuple[str, str]]:
        """List the compared pairs of strategies whose chains of stages are ``wanted``, those with the base aside."""
        trained = [pair for pair in self.every_pair() if BASE not in pair]
        return [pair for pair in trained if wanted(self.strategies[pair[0]], self.strategies[pair[1]])]

    def every_pair(self) -> list[tuple[str, str]]:
        """List all compared pairs (baseline, strategy)."""
        named = self.tables["comparisons"][["baseline", "strategy"]].drop_duplicates()
        return list(named.itertuples(index=False, name=None))

    def differences(
        self, pairs: Sequence[tuple[str, str]], category: str = FULL
    ) -> Iterator[tuple[str, str, Difference]]:
        """Look up the differences of pairs on the questions of a category at base."""
        table = self.tables["comparisons"]
        rows = table[table["category"] == category].set_index(["baseline", "strategy"])
        columns = ["difference", "low", "high", "mde", "adjusted_p"]
        for pair in pairs:
            yield *pair, Difference(*rows.reindex(columns=columns).loc[pair].astype(float))

    def is_later(self, before: Sequence[str], after: Sequence[str]) -> bool:
        """Tell whether a chain goes on where another ends, with questions chosen anew."""
        return list(after[: len(before)]) == list(before) != list(after) and not self._repeats(after)

    def outlasts(self, before: Sequence[str], after: Sequence[str]) -> bool:
        """Tell whether a chain is set against one that trained for as many steps instead."""
        return list(after[:-1]) == list(before[:-1]) and self._repeats(before) and not self._repeats(after)

    def replays(self, before: Sequence[str], after: Sequence[str]) -> bool:
        """Tell whether two chains differ in how much their last stage replays, the second one more."""
        first, second = (dict(self.stages[chain[-1]]) for chain in (before, after))
        amounts = [sum(stage.pop("replay").values()) for stage in (first, second)]
        return list(after[:-1]) == list(before[:-1]) and first == second and amounts[0] < amounts[1]

    def _repeats(self, chain: Sequence[str]) -> bool:
        return self.stages[chain[-1]]["steps_as"] is not None


def claims(run: Run) -> list[Claim]:
    """List what becomes of every claim to which the run speaks."""
    later = run.pairs(run.is_later)
    second = [pair for pair in later if len(run.strategies[pair[0]]) == 1]
    further = [pair for pair in later if pair not in second]
    return [
        _compared(run, "A second stage gains accuracy", second),
        _compared(run, "It gains more than as many steps on the same questions", run.pairs(run.outlasts)),
        _compared(run, "It forgets less of what was HighlyKnown", second, HIGHLY_KNOWN),
        knowledge(run, [strategy for _, strategy in second]),
        _compared(run, "A third or later stage gains accuracy (published: nothing)", further),
        _compared(run, "Replay gains accuracy", run.pairs(run.replays)),
        _compared(run, "Replay forgets less of what was HighlyKnown", run.pairs(run.replays), HIGHLY_KNOWN),
        harm(run),
        ranking(run),
    ]


def _compared(run: Run, title: str, pairs: Sequence[tuple[str, str]], category: str = FULL) -> Claim:
    found = list(run.differences(pairs, category))
    verdicts = [difference.verdict(run.confidence) for _, _, difference in found]
    return Claim(title, status(verdicts), compared(found, run.confidence))


def knowledge(run: Run, strategies: Sequence[str]) -> Claim:
    """Judge the claim that more questions are HighlyKnown after the last stage than after the first."""
    title = "More questions become HighlyKnown (published: about +24 %)"
    table = run.tables.get("knowledge_gain", pd.DataFrame(columns=["strategy", "split", "relative"]))
    rows = table[table["strategy"].isin(strategies)].dropna(subset="relative")
    rows = rows.sort_values("split", ascending=False, kind="stable")
    verdicts = [Difference(*row[["relative", "low", "high"]]).verdict(run.confidence) for _, row in rows.iterrows()]
    floor = [_relabelled(run)] if len(rows) and "transitions" in run.tables else []
    return Claim(title, status(verdicts), [_gain(row) for _, row in rows.iterrows()] + [line for line in floor if line])


def _gain(row: pd.Series) -> str:
    """Tell how many questions are HighlyKnown before and after, and both readings of the gain."""
    questions = "train" if row["split"] == "train" else "held-out"
    counts = f"{row['hk_base']:.0f}, {row['hk_first']:.0f} and {row['hk_final']:.0f}"
    told = "" if row["low"] > 0 or row["high"] < 0 else ", not told from none"
    text = (
        f"{code(row['strategy'])}, {row['questions']:,} {questions} questions: {counts} are HighlyKnown at base, after"
        f" the first and after the last stage, {growth(row['relative'], row['low'], row['high'])} of what the first"
        f" leaves{told}"
    )
    if pd.isna(row["incremental"]):
        return f"{text}; against what the first adds no figure is given, as {row['reason']}."
    gained = growth(row["incremental"], row["inc_low"], row["inc_high"])
    inside = [
        words
        for words, value in (("0", 0), ("the published +24 %", PUBLISHED_GAIN))
        if row["inc_low"] <= value <= row["inc_high"]
    ]
    return f"{text}; {gained} of what the first adds, an interval that holds {listed(inside) or 'neither 0 nor +24 %'}."


def _relabelled(run: Run) -> str:
    """Tell how many questions the base model's second labelling calls HighlyKnown: what moves by chance alone."""
    table = run.tables["transitions"]
    again = table[(table["to_checkpoint"] == RETEST) & (table["split"] == "train")]
    if again.empty:
        return ""
    before, after = (again.loc[again[f"{end}_category"] == HIGHLY_KNOWN, "questions"].sum() for end in ("from", "to"))
    moved = again.loc[again["from_category"] != again["to_category"], "questions"].sum() / again["questions"].sum()
    return (
        f"The floor: sorted again with other exemplars and samples, the base model has {after:,.0f} in place of"
        f" {before:,.0f} HighlyKnown train questions, and {share(moved)} change their category by chance alone."
    )


def harm(run: Run) -> Claim:
    """Judge the claim of Gekhman et al. that training on Unknown questions to the end harms what was known.

    The share left unanswered is set against the base model's by the bounds of both intervals: wider than an interval of
    the difference, as the two share their questions.
    """
    only = {"now": [Category.UNKNOWN.value], "at_base": []}
    names = [name for name, chain in run.strategies.items() if len(chain) == 1 and _takes(run, chain) == only]
    base = _unanswered(run, BASE, NO_EPOCH)
    ends = [_unanswered(run, name, "convergence") for name in names]
    more = [Difference(end[0] - base[0], end[1] - base[2], end[2] - base[1]) for end in ends]
    early = run.differences([(BASE, name) for name in names if (BASE, name) in run.every_pair()], HIGHLY_KNOWN)
    told = [
        f"Of the test questions HighlyKnown at base, {code(name)} leaves {share(*_unanswered(run, name, 'best'))}"
        f" unanswered at its best epoch and {share(*end)} at its last, the base model itself {share(*base)}."
        for name, end in zip(names, ends, strict=True)
    ]
    verdicts = [difference.verdict(run.confidence) for difference in more]
    title = "Unknown questions, trained to the last epoch, harm what was HighlyKnown"
    return Claim(title, status(verdicts), told + compared(early, run.confidence))


def _unanswered(run: Run, strategy: str, epoch: str) -> list[float]:
    """Look up the share of the test questions HighlyKnown at base that goes unanswered, with its interval."""
    table = run.tables["forgetting"].query("split == 'test'").set_index(["strategy", "epoch"])
    return table.loc[(strategy, epoch), ["forgotten", "low", "high"]].astype(float).tolist()


def _takes(run: Run, chain: Sequence[str]) -> dict:
    chosen = run.stages[chain[0]]["train_on"]
    return {when: list(chosen[when]) for when in ("now", "at_base")}


def ranking(run: Run) -> Claim:
    """Judge whether the arms of Gekhman et al. rank as they did: no published rank lies outside an interval of"
    " ranks."""
    title = "Training sets of one size rank as published (MaybeKnown, Natural, HighlyKnown, WeaklyKnown, Unknown)"
    if "arms" not in run.tables:
        return Claim(title, status([]), [])
    full = run.tables["arms"].query("category == @FULL")
    odd = full[(full["published_rank"] < full["rank_low"]) | (full["published_rank"] > full["rank_high"])]
    told = (full["rank_low"] == full["rank_high"]).all()
    found = "does not hold" if len(odd) else "holds" if told else "not told"
    return Claim(title, found, [_order(full, epoch) for epoch in ("best", "convergence")] + _exceptions(odd))


def _order(full: pd.DataFrame, epoch: str) -> str:
    """List the arms at an epoch, best first, with their ranks here and there."""
    arms = [
        f"{row.train_set} {share(row.accuracy, row.low, row.high)}, rank {row.rank:.0f} [{row.rank_low:.0f},"
        f" {row.rank_high:.0f}] (published: {share(row.published)}, rank {row.published_rank:.0f})"
        for row in full[full["epoch"] == epoch].sort_values("rank").itertuples()
    ]
    return f"At the {'best' if epoch == 'best' else 'last'} epoch: {'; '.join(arms)}."


def _exceptions(odd: pd.DataFrame) -> list[str]:
    if odd.empty:
        return ["No published rank lies outside its interval here."]
    names = [
        f"{row.train_set} at the {'best' if row.epoch == 'best' else 'last'} epoch ({row.rank:.0f} in place of"
        f" {row.published_rank:.0f})"
        for row in odd.itertuples()
    ]
    return [f"The order differs from the published one: {listed(names)}."]
