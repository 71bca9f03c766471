"""Sentences follow the sign, the interval, the corrected test and the detectable effect."""

import html
import math

import pandas as pd
import pytest

from gradual_learning.report.html import from_markdown
from gradual_learning.report.wording import (
    Difference,
    Verdict,
    about,
    code,
    compared,
    estimate,
    growth,
    interval,
    listed,
    number_range,
    plain,
    points,
    share,
    some,
    status,
)

NAN = math.nan


@pytest.mark.parametrize(
    ("numbers", "verdict"),
    [
        ((0.011, 0.003, 0.020, 0.008, 0.01), Verdict.BETTER),
        ((0.011, 0.003, 0.020), Verdict.BETTER),
        ((0.011, 0.003, 0.020, 0.008, 0.2), Verdict.BETTER_UNCORRECTED),
        ((-0.011, -0.020, -0.003, 0.008, 0.01), Verdict.WORSE),
        ((-0.011, -0.020, -0.003, 0.008, 0.2), Verdict.WORSE_UNCORRECTED),
        ((0.001, -0.004, 0.006, 0.008, 1), Verdict.NO_GAIN),
        ((0.001, -0.004, 0.006, 0.02, 1), Verdict.NO_GAIN),
        ((-0.001, -0.05, 0.001), Verdict.NO_GAIN),
        ((0.006, -0.004, 0.016, 0.02, 1), Verdict.UNDERPOWERED),
        ((0.006, -0.004, 0.016, 0.008, 1), Verdict.INCONCLUSIVE),
        ((0.006, -0.004, 0.016), Verdict.INCONCLUSIVE),
        ((0.01, 0.0, 0.02, 0.008, 0.04), Verdict.INCONCLUSIVE),
        ((0.0, 0.0, 0.0, 0.0, 1), Verdict.IDENTICAL),
        ((NAN, NAN, NAN), Verdict.UNDEFINED),
    ],
)
def test_a_verdict_follows_sign_interval_correction_and_power(numbers, verdict):
    assert Difference(*numbers).verdict(0.95) is verdict


def test_the_verdict_of_the_mirrored_difference_is_the_opposite():
    opposite = {Verdict.BETTER: Verdict.WORSE, Verdict.BETTER_UNCORRECTED: Verdict.WORSE_UNCORRECTED}
    for p, verdict in ((0.01, Verdict.BETTER), (0.2, Verdict.BETTER_UNCORRECTED)):
        assert Difference(0.02, 0.01, 0.03, 0.01, p).verdict(0.95) is verdict
        assert Difference(-0.02, -0.03, -0.01, 0.01, p).verdict(0.95) is opposite[verdict]


def test_significance_depends_on_the_confidence():
    difference = Difference(0.011, 0.003, 0.020, 0.008, 0.03)
    assert difference.verdict(0.95) is Verdict.BETTER and difference.verdict(0.99) is Verdict.BETTER_UNCORRECTED


EXAMPLES = {
    Verdict.BETTER: (Difference(0.02, 0.01, 0.03), "Better than `one`: `two` +2.0 [+1.0, +3.0]."),
    Verdict.WORSE: (Difference(-0.02, -0.03, -0.01), "Worse than `one`: `two` -2.0 [-3.0, -1.0]."),
    Verdict.BETTER_UNCORRECTED: (
        Difference(0.02, 0.01, 0.03, 0.01, 0.2),
        "Better than `one` before the correction for multiple comparisons, but not after it: `two` +2.0 [+1.0, +3.0]"
        " (p = 0.2).",
    ),
    Verdict.WORSE_UNCORRECTED: (
        Difference(-0.02, -0.03, -0.01, 0.01, 0.2),
        "Worse than `one` before the correction for multiple comparisons, but not after it: `two` -2.0 [-3.0, -1.0]"
        " (p = 0.2).",
    ),
    Verdict.NO_GAIN: (
        Difference(0.0, -0.004, 0.004),
        "No significant difference from `one`, and a gain of one point lies outside the interval: `two` +0.0"
        " [-0.4, +0.4].",
    ),
    Verdict.UNDERPOWERED: (
        Difference(0.0, -0.02, 0.02, 0.03),
        "No significant difference from `one`; the design cannot detect one point: `two` +0.0 [-2.0, +2.0]"
        " (detectable: 3.0).",
    ),
    Verdict.INCONCLUSIVE: (
        Difference(0.0, -0.02, 0.02),
        "No significant difference from `one`: `two` +0.0 [-2.0, +2.0].",
    ),
    Verdict.IDENTICAL: (Difference(0.0, 0.0, 0.0), "No difference at all from `one`: `two` +0.0 [+0.0, +0.0]."),
    Verdict.UNDEFINED: (Difference(NAN, NAN, NAN), "Not comparable with `one` for lack of questions: `two`."),
}


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_its_own_sentence(verdict):
    difference, sentence = EXAMPLES[verdict]
    assert difference.verdict(0.95) is verdict
    assert compared([("one", "two", difference)], 0.95) == [sentence]


def test_the_base_model_is_written_in_words():
    (sentence,) = compared([("base", "two", Difference(0.02, 0.01, 0.03))], 0.95)
    assert sentence.startswith("Better than the base model: `two`")


def test_equal_verdicts_on_one_baseline_share_a_sentence():
    pairs = [
        ("one", "two", Difference(0.011, 0.003, 0.02, 0.01, 0.012)),
        ("one", "three", Difference(0.001, -0.004, 0.006, 0.008)),
        ("one", "four", Difference(0.02, 0.01, 0.03)),
    ]
    assert compared(pairs, 0.95) == [
        "Better than `one`: `two` +1.1 [+0.3, +2.0] (p = 0.012), `four` +2.0 [+1.0, +3.0].",
        "No significant difference from `one`, and a gain of one point lies outside the interval: `three` +0.1"
        " [-0.4, +0.6] (detectable: 0.8).",
    ]


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], "not tested"),
        ([Verdict.UNDEFINED], "not tested"),
        ([Verdict.BETTER, Verdict.BETTER], "holds"),
        ([Verdict.BETTER, Verdict.UNDEFINED], "holds"),
        ([Verdict.BETTER, Verdict.WORSE], "holds in part"),
        ([Verdict.BETTER, Verdict.INCONCLUSIVE], "holds in part"),
        ([Verdict.WORSE], "does not hold"),
        ([Verdict.NO_GAIN, Verdict.WORSE], "does not hold"),
        ([Verdict.NO_GAIN, Verdict.IDENTICAL], "inconclusive"),
        ([Verdict.NO_GAIN, Verdict.UNDERPOWERED], "inconclusive"),
        ([Verdict.BETTER_UNCORRECTED], "inconclusive"),
        ([Verdict.INCONCLUSIVE], "inconclusive"),
    ],
)
def test_a_claim_holds_only_where_its_comparisons_support_it(verdicts, expected):
    assert status(verdicts) == expected


def test_no_bound_is_rounded_to_the_other_side_of_zero():
    assert interval(0.0003, 0.015) == "[+0.03, +1.50]"
    assert interval(-0.0003, 0.015) == "[-0.03, +1.50]"
    assert interval(-0.02, -0.00004) == "[-2.00, -0.01]" and interval(0.00004, 0.02) == "[+0.01, +2.00]"
    assert interval(0.0, 0.015) == "[+0.0, +1.5]"
    assert points(-0.0) == "+0.0"


def test_numbers_are_formatted_for_reading():
    assert growth(0.08, 0.03, 0.14) == "+8.0 % [+3.0, +14.0]"
    assert share(0.317) == "31.7 %" and share(0.317, 0.302, 0.333) == "31.7 % [30.2, 33.3]"
    assert share(NAN) == "an unknown share"
    assert estimate(pd.Series({"accuracy": 0.317, "low": 0.302, "high": 0.333}), "accuracy") == "31.7 % [30.2, 33.3]"
    assert [listed(list("abc")[:length]) for length in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert code("two_stage") == "`two_stage`" and code("base") == "the base model"


@pytest.mark.parametrize("name", ["two_stage", "a`b", "``", "a\n\n![x](http://127.0.0.1)\n# b", "`<b>`|"])
def test_a_name_in_code_stays_in_it(name):
    page = from_markdown(f"- name: {code(name)}")
    assert page == f"<ul>\n<li>name: <code>{html.escape(' '.join(name.split()))}</code></li>\n</ul>\n"


def test_a_text_of_others_has_no_markup():
    text = "".join(map(chr, range(32, 127)))
    page = from_markdown(plain(f" {text}\n{text}"))
    assert html.unescape(page) == f"<p>{' '.join([*text.split()] * 2)}</p>\n" and page.count("<") == 2


def test_many_texts_and_numbers_are_shortened():
    assert some("abcd") == "a, b, c and d" and some("abcdefg") == "a, b, c, d and 3 more"
    assert [about(number) for number in (647_485, 93.6, 7, 0.4)] == ["650,000", "94", "7", "0"]
    assert number_range(["1.1", "1.6", "2.0"]) == "1.1 to 2.0" and number_range(["1.1", "1.1"]) == "1.1"
