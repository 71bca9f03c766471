import unicodedata

import numpy as np
import pytest

from gradual_learning.answers import Judge
from gradual_learning.normalising import may_become, normalise
from gradual_learning.records import UserError

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
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_answers_stay_different(one, other):
    assert normalise(one) != normalise(other)


@pytest.mark.parametrize("text", AWKWARD)
def test_no_visible_answer_is_destroyed(text):
    assert normalise(text)
    assert Judge().correct(f" {text} ", [text])


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\u200b", "\u00a0"])
@pytest.mark.parametrize("match", ["exact", "f1", "contains"])
def test_an_empty_answer_is_never_correct(text, match):
    assert normalise(text) == ""
    judge = Judge(match)
    assert not judge.correct(text, ["", " ", "Paris"])
    assert not judge.correct("Rome", ["", text])


@pytest.mark.parametrize("text", [text for pair in SAME + DIFFERENT for text in pair] + AWKWARD)
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)


def test_exact_takes_any_accepted_answer_and_nothing_less():
    judge = Judge()
    assert judge.correct("paris", ["Lutetia", "Paris"])
    assert judge.correct("paris", np.array(["Lutetia", "Paris"], dtype=object))
    assert not judge.correct("Paris, France", ["Paris"])
    assert not judge.correct("Paris", [])


def test_contains_matches_whole_words_in_one_run():
    judge = Judge("contains")
    assert judge.correct("It is New York, I think", ["New York"])
    assert not judge.correct("Russia", ["us"])
    assert not judge.correct("York is new", ["New York"])
    assert not judge.correct("New", ["New York"])


def test_f1_counts_repeated_words_once_each():
    half = Judge("f1", f1_threshold=0.5)
    assert half.correct("New York", ["York"])  # 2/3
    assert not Judge("f1", f1_threshold=0.7).correct("New York", ["York"])
    assert not half.correct("york york york york", ["York City Hall"])  # 2/7
    assert Judge("f1", f1_threshold=1.0).correct("hall of York", ["York hall of"])


@pytest.mark.parametrize("match", ["exact", "f1", "contains"])
def test_whatever_is_exactly_right_is_right_by_every_match(match):
    assert all(Judge(match).correct(text, ["other", text]) for text in AWKWARD)


def test_wrong_settings_are_refused():
    with pytest.raises(UserError, match="exakt"):
        Judge("exakt")
    for threshold in (0, -1, 1.1):
        with pytest.raises(UserError, match="f1_threshold"):
            Judge("f1", threshold)
    with pytest.raises(TypeError):
        Judge().correct("P", "Paris")


def test_every_beginning_of_a_right_answer_may_become():
    generator = np.random.default_rng(0)
    texts = [*AWKWARD, *(text for pair in SAME + DIFFERENT for text in pair), "the United States of America", "1,234.5"]
    extras = ["a ", "the ", "An ", ".", ",", " ", '"', "-", "", "", ""]
    right = 0
    for gold in texts:
        for _ in range(200):
            pieces = [generator.choice(extras) + letter if generator.random() < 0.3 else letter for letter in gold]
            written = "".join(pieces) if generator.random() < 0.8 else "".join(pieces).upper()
            if Judge().correct(written, [gold]):
                right += 1
                assert all(may_become(written[:end], [gold, "x"]) for end in range(len(written) + 1)), written
    assert right > 2000


@pytest.mark.parametrize("text", ["Lyon", "The Paris of", "Paris is", "Pari s to", "2Paris", "Thea"])
def test_what_departs_from_every_answer_cannot_become_exact(text):
    assert not may_become(text, ["Paris", "City of Light"])
