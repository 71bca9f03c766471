"""No text of the repository uses a word that the house style forbids, and all of it is spelled the American way."""

import subprocess
import sys

import pytest

import house_words


def test_the_list_is_long_and_in_order():
    words = house_words.read_words()
    assert len(words) >= 30
    assert list(words) == sorted(words)
    assert all(phrase == phrase.lower() and better for phrase, better in words.items())


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Here is a Bad Word.", 1),
        ("one\n# a sentence that ends with a bad\n# word", 2),
        ('raise Error("first "\n    "then a bad "\n    "word")', 2),
        ("def is_bad_word(text): ...", 1),
    ],
)
def test_a_forbidden_phrase_is_found(text, line):
    assert list(house_words.findings(text, {"bad word": "better"})) == [(line, "bad word", "better")]


@pytest.mark.parametrize("text", ["a bad, word", "bad words", "badword", "not so bad"])
def test_no_other_text_is(text):
    assert not list(house_words.findings(text, {"bad word": "better"}))


def test_every_text_file_under_version_control_is_checked(root):
    if not (root / ".git").exists():
        pytest.skip("not a clone: nothing says which files are under version control")
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    tracked = {root / name for name in listed if name}
    texts = {path for path in tracked if path.is_file() and house_words.is_text(path)}
    assert len(texts) > 100
    assert texts - set(house_words.text_files()) <= {house_words.WORDS}


def test_no_forbidden_word():
    found = house_words.check(house_words.text_files())
    assert not found, "\n".join(found)


def test_spelling(root):
    files = [str(path.relative_to(root)) for path in house_words.text_files()]
    done = subprocess.run([sys.executable, "-m", "codespell_lib", *files], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
