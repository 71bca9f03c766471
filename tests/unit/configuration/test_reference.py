"""The reference page is up to date and lists every key."""

from gradual_learning.configuration.reference import reference


def test_the_page_is_generated_from_the_schema(root, schema):
    page = reference(schema)
    committed = (root / "docs/configuration.md").read_text(encoding="utf-8")
    assert page == committed, "run python -m gradual_learning.configuration.reference"


def test_a_row_has_key_values_default_and_meaning(schema):
    rows = reference(schema).splitlines()
    assert (
        "| `data.max_answer_words` | integer from 1, or null | `null` | Drop longer answers, and questions without a "
        "shorter one (null: keep all). |"
    ) in rows
    assert "| `stages.NAME.replay.HighlyKnown` | number from 0 | `0` | Ratio of HighlyKnown questions. |" in rows
    assert '| `model.quantization` | `none`, `4bit` | `"none"` |' in "\n".join(rows)
    assert "| `world.taught` |  |  | Subjects whose facts" in "\n".join(rows)
    assert sum(row.startswith("| `") for row in rows) > 100
