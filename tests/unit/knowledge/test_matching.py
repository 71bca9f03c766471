"""Normalization, the three ways to match an answer, and unfinished answers that can still match."""

import unicodedata

import numpy as np
import pytest

from gradual_learning.jobs.errors import UserError
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.knowledge.normalization import can_still_match, normalize

SAME = [
    ("The Beatles", "beatles"),
    ("Straße", "STRASSE"),
    ("Café", unicodedata.normalize("NFD", "Café")),
    ("U.S.", "US"),
    ("O'Brien", "O\u2019Brien"),
    ("Jean-Paul", "Jean\u2013Paul"),
    ("Jean-Paul", "Jean Paul"),
    ("“Hamlet”", "Hamlet"),
    ("1,000,000", "1000000"),
    ("1990-91", "1990\u201391"),
    ("ジョン・レノン", "ジョンレノン"),
    (" New\u00a0 York\t", "new york"),
    ("Pa\u00adris", "\ufeffParis"),
    ("\u22125", "-5"),
    ("an apple", "the apple"),
]
DIFFERENT = [
    ("1.0", "10"),
    ("1,5", "15"),
    ("-5", "5"),
    (".5", "5"),
    ("10:30", "1030"),
    ("C#", "C"),
    ("C++", "C"),
    ("Vitamin A", "Vitamin"),
    ("Vitamin A", "Vitamin B"),
    ("हिन्दी", "हनद"),
    ("Кирилл", "Kirill"),
    ("None", "NA"),
    ("!!!", "???"),
    ("resume", "résumé"),
    ("The The", "The Who"),
]
AWKWARD = [
    "None",
    "NA",
    "nan",
    "1.0",
    "0",
    "A",
    "the",
    "The The",
    "!!!",
    "?",
    "-",
    "東京",
    "ひらがな",
    "हिन्दी",
    "Ω",
    "😀",
    "a.",
    "ъ",
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_answer_agree(one, other):
    assert normalize(one) == normalize(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_answers_stay_different(one, other):
    assert normalize(one) != normalize(other)


@pytest.mark.parametrize("text", AWKWARD)
def test_visible_answer_is_never_normalized_to_nothing(text):
    assert normalize(text)
    assert AnswerMatcher().matches(f" {text} ", [text])


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u200b", "\u00a0"])
@pytest.mark.parametrize("match", ["exact", "f1", "contains"])
def test_empty_answer_never_matches(text, match):
    assert normalize(text) == ""
    matcher = AnswerMatcher(match)
    assert not matcher.matches(text, ["", " ", "Paris"])
    assert not matcher.matches("Rome", ["", text])


@pytest.mark.parametrize("text", [text for pair in SAME + DIFFERENT for text in pair] + AWKWARD)
def test_normalizing_twice_equals_normalizing_once(text):
    assert normalize(normalize(text)) == normalize(text)


def test_exact_match_needs_one_whole_accepted_answer():
    matcher = AnswerMatcher()
    assert matcher.matches("paris", ["Lutetia", "Paris"])
    assert matcher.matches("paris", np.array(["Lutetia", "Paris"], dtype=object))
    assert not matcher.matches("Paris, France", ["Paris"])
    assert not matcher.matches("Paris", [])


def test_contains_matches_consecutive_whole_words():
    matcher = AnswerMatcher("contains")
    assert matcher.matches("It is New York, I think", ["New York"])
    assert not matcher.matches("Russia", ["us"])
    assert not matcher.matches("York is new", ["New York"])
    assert not matcher.matches("New", ["New York"])


def test_f1_counts_repeated_words_as_often_as_both_texts_have_them():
    half = AnswerMatcher("f1", f1_threshold=0.5)
    assert half.matches("New York", ["York"])  # 2/3
    assert not AnswerMatcher("f1", f1_threshold=0.7).matches("New York", ["York"])
    assert not half.matches("york york york york", ["York City Hall"])  # 2/7
    assert AnswerMatcher("f1", f1_threshold=1.0).matches("hall of York", ["York hall of"])


@pytest.mark.parametrize("match", ["exact", "f1", "contains"])
def test_exact_answer_matches_in_every_way(match):
    assert all(AnswerMatcher(match).matches(text, ["other", text]) for text in AWKWARD)


def test_invalid_settings_are_rejected():
    with pytest.raises(UserError, match="exakt"):
        AnswerMatcher("exakt")
    for threshold in (0, -1, 1.1):
        with pytest.raises(UserError, match="f1_threshold"):
            AnswerMatcher("f1", threshold)
    with pytest.raises(TypeError):
        AnswerMatcher().matches("P", "Paris")


def test_every_beginning_of_a_correct_answer_can_still_match():
    generator = np.random.default_rng(0)
    texts = [*AWKWARD, *(text for pair in SAME + DIFFERENT for text in pair), "the United States of America", "1,234.5"]
    extras = ["a ", "the ", "An ", ".", ",", " ", '"', "-", "", "", ""]
    correct = 0
    for gold in texts:
        for _ in range(200):
            pieces = [generator.choice(extras) + letter if generator.random() < 0.3 else letter for letter in gold]
            written = "".join(pieces) if generator.random() < 0.8 else "".join(pieces).upper()
            if AnswerMatcher().matches(written, [gold]):
                correct += 1
                assert all(can_still_match(written[:end], [gold, "x"]) for end in range(len(written) + 1)), written
    assert correct > 2000


@pytest.mark.parametrize("text", ["Lyon", "The Paris of", "Paris is", "Pari s to", "2Paris", "Thea"])
def test_text_that_differs_from_every_answer_cannot_match(text):
    assert not can_still_match(text, ["Paris", "City of Light"])
