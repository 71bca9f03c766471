"""The advice that opens the summary: which strategy to take, how sure that is, and what it costs, in plain words.

Every sentence follows from the numbers of tables/advice.tsv. A difference is significant where its interval excludes
zero; where many strategies are judged at once, the corrected test must agree.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from gradual_learning.evaluation.table_values import EFFECT, FEW_SHOT, LEFT_OUT, NO_EPOCH
from gradual_learning.experiment import BASE, Chain
from gradual_learning.report.wording import about, code, first, interval, listed, number_range, points, share, some

NOTE = (
    "A strategy is a chain of training stages. Brackets hold {:g} % intervals; differences are in percentage points,"
    " and corrections are for the number of strategies compared here. All numbers are in tables/advice.tsv."
)
COSTS = {"steps": "training steps", "generations": "generated answers"}


@dataclass(frozen=True)
class Advice:
    """The rows of tables/advice.tsv by their part in the advice; ``confidence``: coverage of the intervals."""

    table: pd.DataFrame
    confidence: float

    @cached_property
    def chosen(self) -> pd.Series:
        """The strategy with the highest validation accuracy."""
        return self.table[self.table["chosen"]].iloc[0]

    @cached_property
    def name(self) -> str:
        """The chosen strategy, marked as code."""
        return code(self.chosen["strategy"])

    @cached_property
    def others(self) -> pd.DataFrame:
        """All other strategies by name, the highest validation accuracy first."""
        rows = self.table[~self.table["strategy"].isin([BASE, LEFT_OUT]) & ~self.table["chosen"]]
        return rows.sort_values("validation_accuracy", ascending=False, kind="stable").set_index("strategy")

    @cached_property
    def cheaper(self) -> pd.DataFrame:
        """The cheaper ones without a significant difference, the cheapest first."""
        rows = self.others[self.others["undecided"] & self.others["cheaper"]]
        return rows.sort_values(["steps", "generations"], kind="stable")

    @cached_property
    def is_confirmed(self) -> pd.Series:
        """Of which other strategies the difference is significant after the correction too."""
        return ~self.others["undecided"] & (self.others["adjusted_p"] <= 1 - self.confidence)

    @cached_property
    def needs_examples(self) -> bool:
        """Whether the base model is compared few-shot, because zero-shot it misses the format of an answer."""
        return bool(self.base(FEW_SHOT)["reference"])

    def base(self, epoch: str) -> pd.Series:
        """Return the row of the base model, zero-shot or few-shot."""
        return self.table[(self.table["strategy"] == BASE) & (self.table["epoch"] == epoch)].iloc[0]


def box(table: pd.DataFrame, confidence: float, strategies: Mapping[str, Chain]) -> str:
    """Write the advice as a quotation in Markdown.

    Args:
        table: tables/advice.tsv.
        confidence: coverage of the intervals.
        strategies: the stages of each strategy.
    """
    advice = Advice(table, confidence)
    parts = {
        "Choice": _choice(advice, strategies[advice.chosen["strategy"]]),
        "Certainty": _certainty(advice),
        "Gain": _gain(advice),
        "Forgetting": _forgetting(advice),
        "Cost": _cost(advice),
        "Alternatives": _alternatives(advice),
        "Too few test questions": _too_few(advice),
    }
    lines = [f"**{headline(advice)}**", ""]
    lines += [f"- **{title}.** {' '.join(found)}" for title, part in parts.items() if (found := list(part))]
    lines += ["", NOTE.format(100 * confidence)]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def headline(advice: Advice) -> str:
    """State which strategy to take, as strongly as the test questions support it."""
    chosen, name = advice.chosen, advice.name
    base = f"the base model{' with solved examples in its prompt' if advice.needs_examples else ''}"
    if chosen["gain_high"] < 0:
        return f"Keep {base}: {name}, the strategy with the highest validation accuracy, is worse on test."
    if chosen["gain_low"] <= 0:
        found = "the strategy with the highest validation accuracy, is not significantly better on test"
        return f"Keep {base} until a strategy is shown to help: {name}, {found}."
    better = advice.others[advice.is_confirmed & (advice.others["difference"] > 0)]
    if len(better):
        found = some(map(code, better.index))
        return f"Validation chooses {name}, but {found} did significantly better on test: compare on new questions."
    if len(advice.cheaper):
        return f"Take {name}, or {_bargain(advice)}."
    return f"Take {name}{_standing(advice)}."


def _bargain(advice: Advice) -> str:
    """State which strategy is the cheapest one without a significant difference, and how much worse it may be."""
    row = advice.cheaper.iloc[0]
    worst = f"at most {-100 * row['difference_low']:.1f} points worse ({100 * advice.confidence:g} % interval)"
    return f"{code(str(row.name))} if cost matters: it is cheaper and {worst if row['difference_low'] else 'not worse'}"


def _standing(advice: Advice) -> str:
    """State how the chosen strategy stands where no cheaper one is an alternative."""
    others = advice.others
    if others["undecided"].any():
        return ": no strategy that does as well on test is cheaper"
    if others.empty or (others["difference"] > 0).any():
        return ", the strategy with the highest validation accuracy"
    limit = "" if advice.is_confirmed.all() else ", though not after correction for the number of comparisons"
    return f": every other strategy is significantly worse on test{limit}"


def _choice(advice: Advice, chain: Chain) -> Iterator[str]:
    """State how the strategy was chosen, and what it is."""
    chosen, others = advice.chosen, advice.others
    questions = f"the {chosen['validation_questions']:,.0f} validation questions"
    accuracy = share(chosen["validation_accuracy"])
    if others.empty:
        yield f"{advice.name} is the only strategy of this run. It answers {accuracy} of {questions}."
    else:
        second = f"{code(str(others.index[0]))}, {share(others['validation_accuracy'].iloc[0])}"
        yield f"Of {1 + len(others)} strategies, {advice.name} answers the most of {questions}: {accuracy}"
        yield f"(next: {second}). No test question took part in the choice."
    stages = "1 stage" if len(chain) == 1 else f"{len(chain)} stages"
    yield f"It trains in {stages}: {', then '.join(map(code, chain))} (described in methods.html)."


def _certainty(advice: Advice) -> Iterator[str]:
    """State how far the choice depends on the seeds, and what it is worth without the optimism of choosing."""
    seeds, folds = advice.chosen["seeds"], advice.chosen["folds"]
    if seeds == 1:
        yield "This run has one seed, so it is unknown how much of the result is the chance of training: the intervals"
        yield "cover the choice of test questions only. Add seeds (key `seeds`), at least three in all."
        return
    out = advice.table[advice.table["strategy"] == LEFT_OUT].iloc[0]
    rivals = advice.others[advice.others["folds"] > 0]
    otherwise = f" (otherwise {some(map(code, rivals.index))})" if len(rivals) else ""
    yield f"When each of the {seeds:.0f} seeds is left out in turn, the others choose {advice.name} in {folds:.0f} of"
    yield f"{seeds:.0f} cases{otherwise}. On the seed left out, the strategy that the others choose answers"
    yield f"{_estimate(out, 'accuracy')} of the test questions: an estimate that the choice does not inflate."


def _gain(advice: Advice) -> Iterator[str]:
    """State test accuracy against the base model and the simplest strategy."""
    chosen, zero_shot = advice.chosen, share(advice.base(NO_EPOCH)["accuracy"])
    yield f"{advice.name} answers {_estimate(chosen, 'accuracy')} of the {chosen['questions']:,.0f} test questions."
    if advice.needs_examples:
        few_shot = share(advice.base(FEW_SHOT)["accuracy"])
        yield f"Before training, the base model answers {few_shot} with solved examples in its prompt, and {zero_shot}"
        yield "without, as it then misses the format of an answer. Compared with the former,"
    else:
        yield f"Before training, the base model answers {zero_shot}. Compared with that,"
    yield f"training gains {_difference(chosen, 'gain')}."
    if chosen["simplest"]:
        yield "It is also the simplest strategy: none has fewer stages, and of these none takes fewer steps."
    else:
        row = advice.others[advice.others["simplest"]].iloc[0]
        keys = ("difference", "difference_low", "difference_high")
        gain = pd.Series(dict(zip(keys, (-row[key] for key in (keys[0], *keys[:0:-1])), strict=True)))
        yield f"Compared with {code(str(row.name))}, the simplest strategy, it gains {_difference(gain)}."


def _forgetting(advice: Advice) -> Iterator[str]:
    """State which share of the HighlyKnown questions is not answered, and what the base model itself misses."""
    chosen = advice.chosen
    if not chosen["highly_known"]:
        yield "No test question is HighlyKnown under the base model, so forgetting cannot be measured."
        return
    yield f"Of the {chosen['highly_known']:,.0f} test questions that are HighlyKnown (the base model answers them"
    yield f"correctly under every few-shot prompt), {advice.name} answers {_estimate(chosen, 'forgotten')} wrongly"
    yield "zero-shot;"
    if advice.needs_examples:
        yield "the base model answers all of them with examples."
    else:
        yield "before training, the base model itself"
        yield f"{share(advice.base(NO_EPOCH)['forgotten'])}: a change of {_difference(chosen, 'forgotten_more')}."


def _cost(advice: Advice) -> Iterator[str]:
    """State the steps and the generated answers of one training run, and of the labeling that all share."""
    chosen = advice.chosen
    yield f"One training run takes {about(chosen['steps'])} training steps and {about(chosen['generations'])}"
    yield "generated answers (for validation, labeling and evaluation)."
    if not chosen["simplest"]:
        simplest = advice.others[advice.others["simplest"]].iloc[0]
        yield f"{code(str(simplest.name))} takes {about(simplest['steps'])} and {about(simplest['generations'])}."
    base = about(advice.base(NO_EPOCH)["generations"])
    yield f"Labeling the questions with the base model takes {base} more, once for all strategies."


def _alternatives(advice: Advice) -> Iterator[str]:
    """State how the other strategies compare on test, those without a significant difference first."""
    others, cheaper = advice.others, advice.cheaper
    same = others[others["undecided"] & ~others["cheaper"]]
    decided = others[~others["undecided"]]
    better, worse = decided[decided["difference"] > 0], decided[decided["difference"] < 0]
    if len(cheaper):
        yield f"Cheaper, without a significant difference: {'; '.join(first(_saving(advice.chosen, cheaper)))}."
    if len(same):
        yield f"Not cheaper, without a significant difference: {some(_with_differences(same))}."
    if len(better):
        yield f"Better on test: {some(_with_differences(better, advice.is_confirmed))}. Compare it on new questions"
        yield "before you take it: what is chosen by its test result looks better than it is."
    if len(worse):
        yield f"Worse: {some(_with_differences(worse, advice.is_confirmed))}."


def _saving(chosen: pd.Series, rows: pd.DataFrame) -> Iterator[str]:
    """Write what each of some cheaper strategies costs relative to the chosen one, and what it loses."""
    for name, row in rows.iterrows():
        costs = [f"{100 * row[key] / chosen[key]:.0f} % of the {words}" for key, words in COSTS.items() if chosen[key]]
        forgotten = f", {share(row['forgotten'])} of HighlyKnown wrong" if row["highly_known"] else ""
        yield f"{code(str(name))} {_numbers(row)}{forgotten}, for {listed(costs)}"


def _too_few(advice: Advice) -> Iterator[str]:
    """State which differences are too small for this run, and how many test questions would detect one point."""
    open_rows = advice.others[advice.others["undecided"]]
    reach = open_rows[["difference_low", "difference_high"]].abs().max(axis=1)
    rows = open_rows[(open_rows["mde"] > EFFECT) & (reach > EFFECT)][["mde", "questions_needed"]]
    chosen = advice.chosen
    if chosen["gain_low"] <= 0 <= chosen["gain_high"] and chosen["gain_mde"] > EFFECT:
        base = chosen[["gain_mde", "gain_questions_needed"]].set_axis(rows.columns)
        rows = pd.concat([base.to_frame(BASE).T, rows]).astype(float)
    if rows.empty:
        return
    effects = number_range([f"{100 * effect:.1f}" for effect in rows["mde"].sort_values()])
    needed = number_range([about(number) for number in rows["questions_needed"].sort_values()])
    names = some(map(code, rows.index.astype(str)))
    yield f"With {chosen['questions']:,.0f} test questions, this run finds differences from {names}"
    yield f"reliably (with a probability of 80 %) only from {effects} points on. For differences of one point, about"
    yield f"{needed} test questions would do."


def _with_differences(rows: pd.DataFrame, is_confirmed: pd.Series | None = None) -> Iterator[str]:
    """Write strategies with their differences, and which of these the correction takes away."""
    for name, row in rows.iterrows():
        is_lost = is_confirmed is not None and not is_confirmed[name]
        yield f"{code(str(name))} {_numbers(row)}{' (before correction only)' if is_lost else ''}"


def _difference(row: pd.Series, key: str = "difference") -> str:
    """Write a difference in points with its interval, and that it is not significant where it is not."""
    is_open = row[f"{key}_low"] <= 0 <= row[f"{key}_high"]
    return f"{_numbers(row, key, ' points')}{', not significant' if is_open else ''}"


def _numbers(row: pd.Series, key: str = "difference", unit: str = "") -> str:
    return f"{points(row[key])}{unit} {interval(row[f'{key}_low'], row[f'{key}_high'])}"


def _estimate(row: pd.Series, key: str) -> str:
    return share(row[key], row[f"{key}_low"], row[f"{key}_high"])
