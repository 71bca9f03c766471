"""Keys given twice in a configuration file, at any depth."""

import pytest

from gradual_learning.configuration.duplicate_keys import duplicate_keys


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("a: 1\nb: {a: 1}\n", []),
        ("a: 1\nb: 2\na: 3\n", ["3: the key a"]),
        ("a:\n  - {b: 1}\n  - c: 1\n    c: 2\n", ["4: the key c"]),
        ('{"a": {"b": 1, "b": 2}, "a": 3}', ["1: the key b", "1: the key a"]),
    ],
)
def test_repeated_keys_are_found_at_any_depth(text, found, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    assert list(duplicate_keys(path)) == [f"{path}:{part} is given twice; merge the two" for part in found]
