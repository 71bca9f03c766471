"""The model card: its numbers are those of the tables, and it names what it was made from."""

import ast
import copy
import re
import textwrap
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from huggingface_hub import ModelCard

import example_tables
from gradual_learning.export import card, snippet
from gradual_learning.models.tokenization import Encoder
from gradual_learning.report import wording

SOURCE = {
    "source": "hub",
    "name": "owner/model",
    "revision": "main",
    "commit": "0123abcd",
    "architecture": "Qwen2ForCausalLM",
    "license": "Apache-2.0",
}
PRIVATE = "/home/somebody/models/secret"


@pytest.fixture(scope="module")
def tables():
    strategies = ["one_stage", "two_stage"]
    comparisons = example_tables.comparisons(strategies)
    gain = comparisons.assign(baseline="one_stage", strategy="two_stage", difference=0.0123, low=-0.0344, high=0.0567)
    formulas = [("a", 1, "f | a"), ("a", 2, "g"), ("a+b", 1, "h"), ("a+b", 2, "i")]
    return {
        "accuracy": example_tables.accuracy(strategies),
        "forgetting": example_tables.forgetting(strategies),
        "comparisons": pd.concat([comparisons, gain.head(5)]),
        "training_data": pd.DataFrame(formulas, columns=["checkpoint", "seed", "formula"]),
    }


@pytest.fixture
def export(tiny_world, tables):
    summary = {"questions": 1234, "steps": 56, "epochs": 7, "best_epoch": 3}
    return card.Export(
        strategy="two_stage",
        stages=[
            {"name": "a", "settings": {"method": "lora", "learning_rate": 0.0002}, "summary": summary},
            {"name": "b", "settings": {"method": "lora", "learning_rate": 0.0001}, "summary": summary},
        ],
        accuracies={1: 0.25, 2: 0.125},
        seed=1,
        correct=[True, False, True, True],
        questions=tiny_world.questions,
        tables=tables,
        export_format="merged",
        dtype="bfloat16",
        model={"chat_template": False, "quantization": "none"},
        model_source=SOURCE,
        data="popqa",
        data_source={"source": "popqa", "repository": "owner/data", "commit": "fedc", "path": PRIVATE},
        prompt='Question: "{question}"\nA:',
        max_new_tokens=9,
        confidence=0.95,
    )


def figures(text):
    """Read the table of figures."""
    section = text.partition("## Figures\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| (.+?) \| (.+?) \|$", section, re.MULTILINE))


def test_figures_are_those_of_the_tables(export, tables):
    shown = figures(card.write(export))
    rows = tables["accuracy"].query("category == 'Full'").set_index(["strategy", "epoch"])
    for name, key in (("strategy", ("two_stage", "best")), ("base model", ("base", "-"))):
        row = rows.loc[key]
        expected = f"{100 * row['accuracy']:.1f} % [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"
        assert shown[f"test accuracy of the {name}"] == expected
    assert shown["the same, few-shot"] == "99.0 % [98.0, 100.0]"
    assert shown["test accuracy of this model"] == "75.0 % (3 of 4)"
    forgotten = tables["forgetting"].query("strategy == 'two_stage' and epoch == 'best' and split == 'test'").iloc[0]
    (forgetting,) = [value for name, value in shown.items() if name.startswith("forgetting: share of the 80 test")]
    assert forgetting == wording.share(*forgotten[["forgotten", "low", "high"]])
    assert shown["difference from `one_stage`, in points"] == "+1.2 [-3.4, +5.7]"
    assert shown["difference from the base model, in points"] == "+1.0 [-1.0, +3.0]"
    assert len([name for name in shown if name.startswith("difference")]) == 2


def test_the_seed_and_its_choice_are_named(export):
    text = card.write(export)
    assert "**Seed.** 1, which has the highest validation accuracy of all seeds (1: 25.0 %, 2: 12.5 %)" in text
    assert "means over 2 seeds" in text
    alone = card.write(replace(export, accuracies={1: 0.25}))
    assert "those of its only seed" in alone


def test_every_stage_is_listed_with_its_formula_and_settings(export):
    text = card.write(export)
    assert r"| `a` | `f \| a` | 1,234 | 56 | 7, 3 |" in text and "| `b` | `h` | 1,234 | 56 | 7, 3 |" in text
    assert "| setting | `a` | `b` |" in text and "| learning_rate | 0.0002 | 0.0001 |" in text


def test_a_stage_without_questions_is_listed(export):
    tables = export.tables | {"training_data": export.tables["training_data"].iloc[:0]}
    assert "| `a` | `no question` |" in card.write(replace(export, tables=tables))


def test_the_front_matter_is_that_of_the_hub(export):
    data = ModelCard(card.write(export)).data
    assert (data.license, data.base_model, data.datasets) == ("apache-2.0", "owner/model", ["owner/data"])
    assert (data.library_name, data.pipeline_tag) == ("transformers", "text-generation")
    assert data.base_model_relation == "finetune" and "gradual-learning" in data.tags
    adapter = ModelCard(card.write(replace(export, export_format="adapter"))).data
    assert (adapter.library_name, adapter.base_model_relation) == ("peft", "adapter") and "lora" in adapter.tags


def test_origins_are_listed_without_paths_of_this_machine(export):
    source = {**SOURCE, "source": "local", "path": PRIVATE, "name": None, "license": None}
    local = replace(export, model_source=source)
    data, text = ModelCard(card.write(local)).data, card.write(local)
    assert data.base_model is None and data.license is None
    assert "a local model" in text and "License: not recorded" in text and PRIVATE not in text
    assert "- commit: `fedc`" in text and "- commit: `0123abcd`" in card.write(export)


def test_a_model_of_a_simulated_world_says_so(export):
    text = card.write(replace(export, model_source={}, data="simulated", data_source={}))
    assert "pretrained" in text and "no answer is a fact of the real world" in text
    assert "invented people" not in card.write(export)


@pytest.mark.parametrize(
    ("changes", "limit"),
    [
        ({"dtype": "bfloat16"}, "The weights are bfloat16, rounded after the adapter was merged"),
        ({"export_format": "adapter"}, "The weights are bfloat16; single answers can differ"),
        ({"model": {"chat_template": False, "quantization": "4bit"}}, "base model in four bits"),
    ],
)
def test_limits_follow_from_the_run(export, changes, limit):
    assert limit in card.write(replace(export, **changes))
    assert limit not in card.write(replace(export, dtype="float32"))


@pytest.mark.parametrize("chat_template", [False, True])
@pytest.mark.parametrize("export_format", ["merged", "adapter"])
def test_the_example_is_python_with_the_prompt_of_the_run(export, export_format, chat_template):
    model = export.model | {"chat_template": chat_template}
    text = card.write(replace(export, export_format=export_format, model=model))
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    literals = {node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)}
    assert export.prompt in literals and 9 in literals and export.example in literals
    assert ("owner/model" in literals) == ("0123abcd" in literals) == (export_format == "adapter")
    assert ("apply_chat_template" in code) == chat_template == ("user turn" in text)
    assert "results/model" not in text, "the base model is on the hub"


@pytest.mark.parametrize("kind", ["bytes", "pieces"])
@pytest.mark.parametrize("encode", [snippet.PLAIN, snippet.CHAT])
def test_the_example_encodes_prompts_as_the_run_did(encode, kind, tokenizers):
    tokenizer = copy.deepcopy(tokenizers[kind])
    tokenizer.chat_template = "{{ bos_token }}[user]{{ messages[0].content }}{{ eos_token }}[model]"
    encoder = Encoder(tokenizer, chat_template=encode == snippet.CHAT)

    def ids(prompt: str) -> list[int]:
        names: dict[str, Any] = {"tokenizer": tokenizer, "prompt": prompt}
        exec(textwrap.dedent(encode), names)
        return names["inputs"]["input_ids"][0].tolist()

    assert ids("Where was Leon born?\nA:") == encoder.encode_prompts(["Where was Leon born?\nA:"])[0]
    [expected], found = encoder.encode_prompts(["What does <s> do?</s>"]), ids("What does <s> do?</s>")
    control = [tokenizer.bos_token_id, tokenizer.eos_token_id]
    assert [token for token in found if token in control] == [token for token in expected if token in control]
    assert tokenizer.decode(found) == tokenizer.decode(expected)


def test_the_frame_of_the_chat_template_is_on_the_card(export):
    source = export.model_source | {"chat_frame": "<|user|>{text}<|model|>"}
    used = replace(export, model=export.model | {"chat_template": True}, model_source=source)
    assert "<|user|>{text}<|model|>" in card.write(used)
    assert "<|user|>" not in card.write(replace(export, model_source=source))
