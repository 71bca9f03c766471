"""The summary of a run on one page, written from its tables: which published claims hold, the evidence, the limits."""

from collections.abc import Iterable, Iterator

from gradual_learning.measures.runs import BASE, FULL, NO_EPOCH
from gradual_learning.report.claims import Claim, Run, claims
from gradual_learning.report.sentences import compared, share

TITLE = "What this run shows"


def body(run: Run) -> str:
    """Write the summary below its title, as Markdown."""
    found = claims(run)
    lines = [*_opening(run), "", "| claim | here |", "|---|---|"]
    lines += [f"| {claim.title} | {claim.status} |" for claim in found]
    lines += ["", "## The evidence", *(line for claim in found for line in _evidence(claim)), *_others(run)]
    return "\n".join([*lines, "", "## The limits", "", *_bullets(limits(run))]) + "\n"


def _opening(run: Run) -> list[str]:
    """Say what was run, how the base model stands, and how to read the numbers."""
    base = run.tables["accuracy"].set_index(["strategy", "epoch", "category"]).loc[(BASE, NO_EPOCH, FULL)]
    pairs = run.tables["comparisons"][["baseline", "strategy"]].drop_duplicates()
    return [
        f"{len(run.strategies)} strategies, {len(run.seeds)} seed(s) each, and {base['questions']:,.0f} test questions,"
        f" of which the base model answers {share(*base[['accuracy', 'low', 'high']])}.",
        f"Differences are in points of accuracy at the best epoch; brackets hold {100 * run.confidence:g} % intervals;"
        f" p is corrected for {len(pairs)} comparisons; *detectable* is the least true difference that would be found"
        " with a chance of 80 %.",
    ]


def _evidence(claim: Claim) -> list[str]:
    told = claim.sentences or ["No comparison of this run speaks to it."]
    return ["", f"### {claim.title}: {claim.status}", "", *_bullets(told)]


def _others(run: Run) -> list[str]:
    """Say how the remaining pairs compare: strategies with the base model, and controls with each other."""
    used = {pair for kind in (run.is_later, run.outlasts, run.replays) for pair in run.pairs(kind)}
    rest = compared(run.differences([pair for pair in run.every_pair() if pair not in used]), run.confidence)
    return ["", "### All other comparisons", "", *_bullets(rest)] if rest else []


def limits(run: Run) -> Iterator[str]:
    """Say what the numbers of this run cannot carry."""
    if run.is_simulated:
        yield (
            "The base model is small and was pretrained here on statements made from templates. What holds for it need"
            " not hold for a large model that read natural text."
        )
    yield "There is one base model and one set of training questions; the intervals do not know of others."
    if len(run.seeds) == 1:
        yield "There is one seed: the intervals resample questions alone and know nothing of chance in training."
    reach = run.tables["comparisons"].query("category == @FULL")["mde"].dropna()
    if len(reach):
        yield (
            f"The detectable differences lie between {100 * reach.min():.1f} and {100 * reach.max():.1f}"
            " points, depending on the pair; what is smaller may exist unseen."
        )
    if not run.retest:
        yield "The questions were sorted once: how many change their category by chance alone is not known."
    yield "Gains on train questions are partly memory of what was trained; those on held-out questions are not."
    yield "Where the published settings could not be learnt, the values of the configuration are ours."


def _bullets(sentences: Iterable[str]) -> list[str]:
    return [f"- {sentence}" for sentence in sentences]
