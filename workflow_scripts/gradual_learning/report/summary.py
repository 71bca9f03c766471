"""The summary of a run on one page, written from its tables: advice, published claims, evidence, limitations."""

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from gradual_learning.evaluation.advice import needs_examples
from gradual_learning.evaluation.table_values import FEW_SHOT, FULL, NO_EPOCH
from gradual_learning.experiment import BASE
from gradual_learning.report import advice
from gradual_learning.report.claims import Claim, Run, claims
from gradual_learning.report.wording import code, compared, estimate, points

TITLE = "Findings of this run"


def body(run: Run) -> str:
    """Write the summary below its title, as Markdown."""
    judged = claims(run)
    lines = [
        advice.box(run.tables["advice"], run.confidence, run.strategies),
        "",
        *_opening(run),
        "",
        "| claim | this run |",
        "|---|---|",
    ]
    lines += [f"| {claim.title} | {claim.status} |" for claim in judged]
    lines += ["", "## Evidence", *(line for claim in judged for line in _evidence(claim)), *_other_comparisons(run)]
    return "\n".join([*lines, "", "## Limitations", "", *_bullets(limitations(run))]) + "\n"


def _opening(run: Run) -> list[str]:
    """State what was run, the accuracy of the base model, and how to read the numbers."""
    accuracy = run.tables["accuracy"].set_index(["strategy", "epoch", "category"])
    zero_shot, few_shot = accuracy.loc[(BASE, NO_EPOCH, FULL)], accuracy.loc[(BASE, FEW_SHOT, FULL)]
    trained = {name: accuracy.loc[(name, "best", FULL), "accuracy"] for name in run.strategies}
    seeds = f"{len(run.seeds)} {'seed' if len(run.seeds) == 1 else 'seeds'} each"
    return [
        f"This run trained {len(run.strategies)} strategies with {seeds}. The base model answers"
        f" {estimate(zero_shot, 'accuracy')} of {zero_shot['questions']:,.0f} test questions zero-shot, and"
        f" {estimate(few_shot, 'accuracy')} few-shot.",
        *_format_share(zero_shot, few_shot, trained),
        f"Differences are in percentage points of accuracy at the best epoch. Brackets hold {100 * run.confidence:g} %"
        " intervals. In the claims on forgetting, the accuracy is that of HighlyKnown questions: a positive difference"
        " means less forgetting. p tests each seed by itself, and is corrected for"
        f" {len(run.compared_pairs())} comparisons: it can be large where the interval, which averages over seeds,"
        " excludes 0. *Detectable* is the smallest true difference that is found with a probability of 80 %.",
    ]


def _format_share(zero_shot: pd.Series, few_shot: pd.Series, trained: Mapping[str, float]) -> list[str]:
    """State which part of the gains over the base model is format, if it answers significantly more few-shot.

    Args:
        zero_shot: accuracy of the base model on all test questions, with its interval.
        few_shot: the same in the few-shot prompts.
        trained: zero-shot accuracy of each strategy.
    """
    if not needs_examples(zero_shot["high"], few_shot["low"]):
        return []
    margins = ", ".join(f"{code(name)} {points(value - few_shot['accuracy'])}" for name, value in trained.items())
    return [
        f"The {100 * (few_shot['accuracy'] - zero_shot['accuracy']):.1f} points between them are format: exemplars show"
        " the base model how to answer, without any training. Of its zero-shot answers,"
        f" {100 * zero_shot['containment']:.1f} % contain an accepted answer. The points of format are part of every"
        f" gain over the zero-shot base model. Compared with the few-shot base model, the strategies gain {margins}."
    ]


def _evidence(claim: Claim) -> list[str]:
    sentences = claim.sentences or ["No comparison of this run tests this claim."]
    return ["", f"### {claim.title}: {claim.status}", "", *_bullets(sentences)]


def _other_comparisons(run: Run) -> list[str]:
    """Write how the pairs compare that belong to no claim: strategies with the base model, and controls."""
    used = {pair for relation in (run.continues, run.matches_steps, run.adds_replay) for pair in run.pairs(relation)}
    others = [pair for pair in run.compared_pairs() if pair not in used]
    sentences = compared(run.differences(others), run.confidence)
    return ["", "### All other comparisons", "", *_bullets(sentences)] if sentences else []


def limitations(run: Run) -> Iterator[str]:
    """Yield what the numbers of this run do not cover."""
    if run.is_simulated:
        yield (
            "The base model is small and was pretrained here on statements made from templates. Its results need not"
            " hold for a large model trained on natural text."
        )
    yield "There is one base model and one set of training questions; the intervals do not cover variation of either."
    if len(run.seeds) == 1:
        yield "There is one seed: the intervals cover variation of questions only, not that of training."
    detectable = run.tables["comparisons"].query("category == @FULL")["mde"].dropna()
    if len(detectable):
        yield (
            f"The smallest detectable differences lie between {100 * detectable.min():.1f} and"
            f" {100 * detectable.max():.1f} points, depending on the comparison; smaller ones can go undetected."
        )
    if not run.relabel:
        yield "The questions were labeled once: the share that changes category by chance alone is unknown."
    yield "Gains on train questions are partly memory of the training examples; those on held-out questions are not."
    yield "Where the publication does not state a setting, the value of the configuration is our own choice."


def _bullets(sentences: Iterable[str]) -> list[str]:
    return [f"- {sentence}" for sentence in sentences]
