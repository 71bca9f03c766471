"""What violates the schema is explained with its place; texts become values where they can."""

import copy

import pytest
import yaml

from gradual_learning.configuration.schema import coerce_texts, dotted, drop, schema_faults
from gradual_learning.jobs.errors import UserError


def faults(settings, schema):
    return dict(schema_faults(settings, schema))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("stages", "gradual", "replay"), "stages.gradual.replay"),
        (("seeds", 1), "seeds[1]"),
        (("comparisons", 0, 1), "comparisons[0][1]"),
        ((), "the configuration"),
    ],
)
def test_a_path_is_written_with_dots(path, text):
    assert dotted(path) == text


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"training": {"learning_rate": "5e-3"}}, {"training": {"learning_rate": 0.005}}),
        ({"seeds": ["4", 5]}, {"seeds": [4, 5]}),
        ({"evaluation": {"relabel": "False"}}, {"evaluation": {"relabel": False}}),
        ({"data": {"limits": {"train": "None"}}}, {"data": {"limits": {"train": None}}}),
        ({"training": {"batch_size": "3.0"}}, {"training": {"batch_size": "3.0"}}),
        ({"training": {"batch_size": "some"}}, {"training": {"batch_size": "some"}}),
        ({"model": {"revision": "1"}}, {"model": {"revision": "1"}}),
    ],
    ids=str,
)
def test_texts_become_values_where_the_schema_expects_values(schema, settings, expected):
    coerce_texts(settings, schema)
    assert settings == expected


@pytest.mark.parametrize(
    ("settings", "path", "message"),
    [
        ({"model": {"source": "hubb"}}, ("model", "source"), "`model.source` is 'hubb'; did you mean hub?"),
        *(
            (
                {"model": {"gguf_file": name}},
                ("model", "gguf_file"),
                f"`model.gguf_file`: {name!r} is invalid: it is a name that ends in .gguf, relative to the repository, "
                "folder or package",
            )
            for name in ("a.bin", "/a.gguf", "../a.gguf")
        ),
        ({"seeds": [1, 1]}, ("seeds",), "`seeds`: [1, 1] has non-unique elements"),
        ({"seeds": [-1]}, ("seeds", 0), "`seeds[0]`: -1 is less than the minimum of 0"),
        ({"seeds": [5000000000]}, ("seeds", 0), "`seeds[0]`: 5000000000 is greater than the maximum of 4294967295"),
        (
            {"evaluation": {"bootstrap_samples": 1000.0}},
            ("evaluation", "bootstrap_samples"),
            "`evaluation.bootstrap_samples`: 1000.0 is not of type 'integer'",
        ),
        (
            {"training": {"prompt": "{question} or {question}"}},
            ("training", "prompt"),
            "`training.prompt`: '{question} or {question}' is invalid: it must contain {question} exactly once",
        ),
        (
            {"pathvars": {"results": "~/mine"}},
            ("pathvars", "results"),
            "`pathvars.results`: '~/mine' is invalid: the path of a folder has no braces, and neither starts with ~ nor"
            " ends with /",
        ),
        ({"pathvars": {"result": "mine"}}, ("pathvars",), "`pathvars` is 'result'; did you mean results?"),
        (
            {"model": {"name": "https://hub/Qwen/Qwen2-7B"}},
            ("model", "name"),
            "`model.name`: 'https://hub/Qwen/Qwen2-7B' is invalid: the name of a repository is owner/name, without the "
            "URL of the hub",
        ),
        (
            {"stages": {"Unfit": {}}},
            ("stages", "Unfit"),
            "`stages`: 'Unfit' is invalid: a name starts with a-z and continues with a-z, 0-9 and _",
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_a_violation_is_explained(schema, settings, path, message):
    assert faults(settings, schema) == {path: message}


@pytest.mark.parametrize(
    ("settings", "place", "rest"),
    [
        ({"training": {"learning_rat": 1}}, "training.learning_rat", ", did you mean `training.learning_rate`?"),
        (
            {"learning_rate": 1},
            "learning_rate",
            ", did you mean `pretraining.learning_rate` or `training.learning_rate`?",
        ),
        ({"patience": 1}, "patience", ", did you mean `training.early_stopping_patience`?"),  # its former name
        ({"figures": {"zzz": 1}}, "figures.zzz", "; keys here: dpi"),
    ],
    ids=str,
)
def test_the_intended_key_is_suggested(schema, settings, place, rest):
    (message,) = faults(settings, schema).values()
    assert message == f"key `{place}` is unknown{rest}"


def test_every_unknown_key_is_reported(schema):
    assert set(faults({"figures": {"a": 1, "b": 2}}, schema)) == {("figures", "a"), ("figures", "b")}


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        (("a", "b"), {"a": {}, "c": [1, 2]}),
        (("c", 1), {"a": {"b": 1}}),
        (("x", "y"), {"a": {"b": 1}, "c": [1, 2]}),
        ((), {"a": {"b": 1}, "c": [1, 2]}),
    ],
    ids=str,
)
def test_a_faulty_value_is_dropped(path, rest):
    settings = copy.deepcopy({"a": {"b": 1}, "c": [1, 2]})
    drop(settings, path)
    assert settings == rest


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("data: {relations: [NO]}", "`data.relations[0]`: False is not a text"),
        ("data: {relations: [P17, 2024-01-01]}", "`data.relations[1]`: 2024-01-01 is not a text"),
        ("data: {relations: [~]}", "`data.relations[0]`: None is not a text"),
        ("model: {revision: 1.0}", "`model.revision`: 1.0 is not a text"),
        ("strategies: {one: [gradual], two: [on]}", "`strategies.two[0]`: True is not a text"),
        ("strategies: {on: [gradual]}", "`strategies`: the key True is not a text"),
        ("stages: {a: {2024-01-01: 3}}", "`stages.a`: the key 2024-01-01 is not a text"),
        ("on: 3", "`the configuration`: the key True is not a text"),
    ],
)
def test_what_yaml_does_not_read_as_text_is_to_be_quoted(completed, text, place):
    with pytest.raises(UserError) as caught:
        completed(yaml.safe_load(text))
    assert f"  - {place}; put it into quotes: YAML reads words such as NO and on as truth values" in str(caught.value)


@pytest.mark.parametrize("path", ["my {x}", "{", "a}", "ab{c}d"])
def test_a_folder_of_results_has_no_braces(schema, path):
    (message,) = faults({"pathvars": {"results": path}}, schema).values()
    assert "has no braces" in message
    assert not faults({"pathvars": {"results": "ab", "logs": "a", "benchmarks": "/a b/c"}}, schema)
