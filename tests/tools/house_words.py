"""Find the words and phrases that the house style forbids (tests/house_words.txt).

To check files: ``python tests/tools/house_words.py README.md docs/*.md``.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORDS = ROOT / "tests/house_words.txt"
FOLDERS = (".ci", ".github", "docs", "envs", "experiments", "profiles", "rules", "tests", "workflow_scripts")
SUFFIXES = {".cff", ".md", ".py", ".rst", ".sh", ".smk", ".toml", ".txt", ".yaml", ".yml"}
NAMES = {"Snakefile", "run"}
BETWEEN_WORDS = r"""[\s_"'#>]+"""  # a line break within a comment, a quotation or a string too


def text_files() -> list[Path]:
    """List the files of the repository that hold text for people, the word list itself left out."""
    tops = [path for path in ROOT.iterdir() if path.is_file()]
    below = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    texts = [path for path in [*tops, *below, ROOT / "results/README.md"] if is_text(path)]
    return sorted(path for path in texts if path != WORDS)


def is_text(path: Path) -> bool:
    return path.suffix in SUFFIXES or path.name in NAMES


def read_words() -> dict[str, str]:
    """Return what to write in place of each forbidden phrase."""
    lines = [line for line in WORDS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return dict(line.split(" -> ", 1) for line in lines)


def pattern(phrases: list[str]) -> re.Pattern[str]:
    """Match any of the phrases, the longest that begins at a place."""
    choices = [BETWEEN_WORDS.join(map(re.escape, phrase.split())) for phrase in sorted(phrases, key=len, reverse=True)]
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(choices)})(?![^\W_])", re.IGNORECASE)


def findings(text: str, words: dict[str, str]) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the phrase and its replacement for every forbidden phrase in a text."""
    for match in pattern(list(words)).finditer(text):
        phrase = " ".join(re.split(BETWEEN_WORDS, match[0])).lower()
        yield text.count("\n", 0, match.start()) + 1, phrase, words[phrase]


def check(paths: list[Path]) -> list[str]:
    """Return one line for every forbidden phrase in the files: file, line, phrase and replacement."""
    words = read_words()
    return [
        f"{path.relative_to(ROOT)}:{line}: `{phrase}`; write {better}"
        for path in paths
        for line, phrase, better in findings(path.read_text(encoding="utf-8"), words)
    ]


if __name__ == "__main__":
    given = [Path(name).resolve() for name in sys.argv[1:]]
    found = check([path for path in given if path != WORDS and is_text(path)])
    sys.exit("\n".join(found) or 0)
