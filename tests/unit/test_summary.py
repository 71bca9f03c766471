import math

import pandas as pd
import pytest

from gradual_learning import records
from gradual_learning.records import CATEGORIES
from gradual_learning.report import claims, pages, summary
from gradual_learning.report.sentences import (
    Difference,
    Verdict,
    code,
    compared,
    growth,
    interval,
    listed,
    points,
    status,
)

NAN = math.nan


@pytest.mark.parametrize(
    ("numbers", "verdict"),
    [
        ((0.011, 0.003, 0.020, 0.008, 0.01), Verdict.BETTER),
        ((0.011, 0.003, 0.020), Verdict.BETTER),
        ((0.011, 0.003, 0.020, 0.008, 0.2), Verdict.BETTER_ALONE),
        ((-0.011, -0.020, -0.003, 0.008, 0.01), Verdict.WORSE),
        ((-0.011, -0.020, -0.003, 0.008, 0.2), Verdict.WORSE_ALONE),
        ((0.001, -0.004, 0.006, 0.008, 1), Verdict.NONE),
        ((0.001, -0.004, 0.006, 0.02, 1), Verdict.NONE),
        ((-0.001, -0.05, 0.001), Verdict.NONE),
        ((0.006, -0.004, 0.016, 0.02, 1), Verdict.TOO_SMALL),
        ((0.006, -0.004, 0.016, 0.008, 1), Verdict.NOT_TOLD),
        ((0.006, -0.004, 0.016), Verdict.NOT_TOLD),
        ((0.01, 0.0, 0.02, 0.008, 0.04), Verdict.NOT_TOLD),
        ((0.0, 0.0, 0.0, 0.0, 1), Verdict.ALIKE),
        ((NAN, NAN, NAN), Verdict.EMPTY),
    ],
)
def test_verdict_follows_sign_interval_correction_and_reach(numbers, verdict):
    assert Difference(*numbers).verdict(0.95) is verdict


def test_verdict_of_the_mirrored_difference_is_the_opposite():
    opposite = {Verdict.BETTER: Verdict.WORSE, Verdict.BETTER_ALONE: Verdict.WORSE_ALONE}
    for p, verdict in ((0.01, Verdict.BETTER), (0.2, Verdict.BETTER_ALONE)):
        assert Difference(0.02, 0.01, 0.03, 0.01, p).verdict(0.95) is verdict
        assert Difference(-0.02, -0.03, -0.01, 0.01, p).verdict(0.95) is opposite[verdict]


def test_what_is_significant_depends_on_the_confidence():
    difference = Difference(0.011, 0.003, 0.020, 0.008, 0.03)
    assert difference.verdict(0.95) is Verdict.BETTER and difference.verdict(0.99) is Verdict.BETTER_ALONE


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_words_of_its_own(verdict):
    examples = [
        Difference(0.02, 0.01, 0.03),
        Difference(-0.02, -0.03, -0.01),
        Difference(0.02, 0.01, 0.03, 0.01, 0.2),
        Difference(-0.02, -0.03, -0.01, 0.01, 0.2),
        Difference(0.0, -0.004, 0.004),
        Difference(0.0, -0.02, 0.02, 0.03),
        Difference(0.0, -0.02, 0.02),
        Difference(0.0, 0.0, 0.0),
        Difference(NAN, NAN, NAN),
    ]
    (found,) = [difference for difference in examples if difference.verdict(0.95) is verdict]
    (sentence,) = compared([("base", "two_stage", found)], 0.95)
    assert sentence.startswith(verdict.format("the base model")) and "`two_stage`" in sentence
    assert len({word.format("x") for word in Verdict}) == len(Verdict)


def test_alike_verdicts_on_one_baseline_share_a_sentence():
    pairs = [
        ("one", "two", Difference(0.011, 0.003, 0.02, 0.01, 0.012)),
        ("one", "three", Difference(0.001, -0.004, 0.006, 0.008)),
        ("one", "four", Difference(0.02, 0.01, 0.03)),
    ]
    assert compared(pairs, 0.95) == [
        "Better than `one`: `two` +1.1 [+0.3, +2.0] (p = 0.012), `four` +2.0 [+1.0, +3.0].",
        "Not told from `one`, and a gain of one point lies outside the interval: `three` +0.1 [-0.4, +0.6]"
        " (detectable: 0.8).",
    ]


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        ([], "not tested"),
        ([Verdict.EMPTY], "not tested"),
        ([Verdict.BETTER, Verdict.BETTER], "holds"),
        ([Verdict.BETTER, Verdict.WORSE], "holds in part"),
        ([Verdict.BETTER, Verdict.NOT_TOLD], "holds in part"),
        ([Verdict.WORSE], "does not hold"),
        ([Verdict.NONE, Verdict.WORSE], "does not hold"),
        ([Verdict.NONE, Verdict.ALIKE], "not told"),
        ([Verdict.NONE, Verdict.TOO_SMALL], "not told"),
        ([Verdict.BETTER_ALONE], "not told"),
        ([Verdict.NOT_TOLD], "not told"),
    ],
)
def test_a_claim_is_said_to_hold_only_where_its_comparisons_bear_it_out(verdicts, told):
    assert status(verdicts) == told


def test_no_bound_is_rounded_to_the_other_side_of_zero():
    assert interval(0.0003, 0.015) == "[+0.03, +1.50]"
    assert interval(-0.0003, 0.015) == "[-0.03, +1.50]"
    assert interval(0.0, 0.015) == "[+0.0, +1.5]"
    assert points(-0.0) == "+0.0"


def test_numbers_are_written_for_people():
    assert growth(0.08, 0.03, 0.14) == "+8.0 % [+3.0, +14.0]"
    assert [listed(list("abc")[:length]) for length in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert code("two_stage") == "`two_stage`" and code("base") == "the base model"


STAGE = {"train_on": {"now": ["MaybeKnown"], "at_base": []}, "replay": {"HighlyKnown": 0}, "steps_as": None}
STAGES = {
    "first": STAGE,
    "again": STAGE | {"steps_as": "second"},
    "second": STAGE,
    "with_replay": STAGE | {"replay": {"HighlyKnown": 0.2}},
    "new": STAGE | {"train_on": {"now": ["Unknown"], "at_base": []}},
}
STRATEGIES = {
    "one": ["first"],
    "longer": ["first", "again"],
    "two": ["first", "second"],
    "replayed": ["first", "with_replay"],
    "three": ["first", "second", "second"],
    "unknown": ["new"],
}
PAIRS = [
    ("base", "one"),
    ("one", "two"),
    ("longer", "two"),
    ("two", "replayed"),
    ("one", "longer"),
    ("base", "unknown"),
    ("two", "three"),
]


@pytest.fixture
def run():
    """A run in which every comparison finds the same difference, which a test sets."""
    columns = ["baseline", "strategy", "category", "difference", "low", "high", "mde", "adjusted_p"]
    rows = [(*pair, group, 0.02, 0.01, 0.03, 0.008, 0.001) for pair in PAIRS for group in ("Full", *CATEGORIES)]
    ends = [("base", "-", 0.09, 0.07, 0.11)]
    ends += [("unknown", epoch, 0.3, 0.2, 0.4) for epoch in ("best", "convergence")]
    forgetting = pd.DataFrame(ends, columns=["strategy", "epoch", "forgotten", "low", "high"]).assign(split="test")
    accuracy = {"strategy": ["base"], "epoch": ["-"], "category": ["Full"], "questions": [3928]}
    tables = {
        "comparisons": pd.DataFrame(rows, columns=columns),
        "forgetting": forgetting,
        "accuracy": pd.DataFrame(accuracy | {"accuracy": [0.288], "low": [0.274], "high": [0.302]}),
    }
    return claims.Run(tables, STRATEGIES, STAGES, 0.95, [1, 2, 3], retest=True, is_simulated=True)


def told(run):
    return {claim.title.partition(" (")[0]: claim.status for claim in claims.claims(run)}


def test_a_comparison_speaks_to_the_claim_that_its_stages_make(run):
    assert run.pairs(run.is_later) == [("one", "two"), ("two", "three")]
    assert run.pairs(run.outlasts) == [("longer", "two")]
    assert run.pairs(run.replays) == [("two", "replayed")]


def test_claims_hold_where_all_is_better(run):
    found = told(run)
    assert found.pop("Training sets of one size rank as published") == "not tested"
    assert found.pop("More questions become HighlyKnown") == "not tested"
    assert set(found.values()) == {"holds"} and len(found) == 7


def test_claims_follow_the_comparisons(run):
    run.tables["comparisons"].loc[:, ["difference", "low", "high"]] = (-0.02, -0.03, -0.01)
    assert told(run)["A second stage gains accuracy"] == "does not hold"
    run.tables["comparisons"].loc[:, ["difference", "low", "high"]] = (0.0, -0.03, 0.03)
    assert told(run)["A second stage gains accuracy"] == "not told"


@pytest.mark.parametrize(
    ("low", "high", "found"), [(0.12, 0.4, "holds"), (0.1, 0.4, "not told"), (0.01, 0.05, "does not hold")]
)
def test_unknown_questions_harm_only_where_the_intervals_lie_apart(run, low, high, found):
    run.tables["forgetting"].loc[lambda table: table["epoch"] == "convergence", ["forgotten", "low", "high"]] = (
        (low + high) / 2,
        low,
        high,
    )
    assert told(run)["Unknown questions, trained to the last epoch, harm what was HighlyKnown"] == found


def gained(relative, incremental):
    counts = {"hk_base": 302, "hk_first": 377, "hk_final": 408, "questions": 1296, "reason": "HK1 - HK0 may be 0"}
    first = dict(zip(["relative", "low", "high"], relative, strict=True))
    return counts | first | dict(zip(["incremental", "inc_low", "inc_high"], incremental, strict=True))


def test_knowledge_is_told_in_both_readings(run):
    rows = [
        {"strategy": "two", "split": "train"} | gained((0.08, 0.03, 0.14), (0.41, 0.15, 0.79)),
        {"strategy": "two", "split": "probe"} | gained((0.05, -0.01, 0.14), (NAN, NAN, NAN)),
    ]
    run.tables["knowledge_gain"] = pd.DataFrame(rows)
    claim = claims.knowledge(run, ["two"])
    train, probe = claim.sentences
    assert claim.status == "holds in part"
    assert "+8.0 % [+3.0, +14.0]" in train and "an interval that holds the published +24 %" in train
    assert "not told from none" in probe and "no figure is given, as HK1 - HK0 may be 0" in probe


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (0.15, 0.79, "holds the published +24 %."),
        (-0.1, 0.79, "holds 0 and the published +24 %."),
        (-0.1, 0.1, "holds 0."),
        (0.3, 0.5, "holds neither 0 nor +24 %."),
    ],
)
def test_the_published_gain_is_told_only_where_the_interval_holds_it(run, low, high, told):
    row = {"strategy": "two", "split": "train"} | gained((0.08, 0.03, 0.14), (0.2, low, high))
    run.tables["knowledge_gain"] = pd.DataFrame([row])
    assert claims.knowledge(run, ["two"]).sentences[0].endswith(told)


ARMS = ["train_set", "rank", "rank_low", "rank_high", "published_rank"]


@pytest.mark.parametrize(
    ("rows", "found", "said"),
    [
        ([("MaybeKnown", 1, 1, 1, 1), ("Unknown", 2, 2, 2, 2)], "holds", "No published rank"),
        ([("MaybeKnown", 1, 1, 2, 1), ("Unknown", 2, 1, 2, 2)], "not told", "No published rank"),
        ([("MaybeKnown", 2, 2, 2, 1), ("Unknown", 1, 1, 1, 2)], "does not hold", "MaybeKnown at the best epoch (2 in"),
    ],
)
def test_the_ranking_differs_only_where_a_published_rank_lies_outside(run, rows, found, said):
    arms = pd.DataFrame(rows, columns=ARMS).assign(category="Full", accuracy=0.3, low=0.2, high=0.4, published=0.436)
    run.tables["arms"] = pd.concat([arms.assign(epoch=epoch) for epoch in ("best", "convergence")])
    claim = claims.ranking(run)
    assert claim.status == found and said in claim.sentences[-1]


def test_every_comparison_is_in_the_summary_once(run):
    text = summary.body(run)
    evidence = text.partition("## The evidence")[2]
    full = evidence.partition("### It forgets")[0] + evidence.partition("### All other comparisons")[2]
    assert all(f"`{name}` +2.0 [+1.0, +3.0]" in full for name in ("one", "two", "longer", "unknown"))
    assert text.count("\n| ") == 1 + len(claims.claims(run))


def test_limits_name_what_the_run_lacks(run):
    assert not any("one seed" in line or "sorted once" in line for line in summary.limits(run))
    lone = claims.Run(run.tables, STRATEGIES, STAGES, 0.95, [1], retest=False, is_simulated=False)
    lines = list(summary.limits(lone))
    assert any("one seed" in line for line in lines) and any("sorted once" in line for line in lines)
    assert not any("pretrained here" in line for line in lines)


def test_a_page_stands_alone_and_speaks_to_screen_readers(tmp_path):
    (tmp_path / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    frame = pd.DataFrame({"strategy": ["<b>bold</b>"] * 50, "accuracy": [0.25] * 50})
    records.write_tsv(frame, tmp_path / "accuracy.tsv")
    drawn = pages.figure(str(tmp_path / "drawing.svg"), 'What is "shown" & told')
    shown = pages.table(str(tmp_path / "accuracy.tsv"), frame)
    page = pages.page("Accuracy", pages.text("By `two_stage`, **bold** and <i>raw</i>."), drawn, shown)
    assert 'alt="What is &quot;shown&quot; &amp; told"' in page and '<html lang="en">' in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page and "<i>" not in page and "<code>two_stage</code>" in page
    assert "<details>" in page and '<th scope="col">' in page and "<caption>accuracy.tsv</caption>" in page
    assert "http://" not in page and "https://" not in page
