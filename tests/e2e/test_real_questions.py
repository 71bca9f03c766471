"""The experiment on real questions, end to end, with a small archive in the layout of EntityQuestions."""

import json
import zipfile

import pytest

from gradual_learning.tables.files import read_table, read_tsv
from gradual_learning.tables.schemas import FACTS, QUESTIONS

pytestmark = pytest.mark.slow

SIZES = {"train": 120, "dev": 60, "test": 80}
TEMPLATES = {"P17": "Which country is [X] located in?", "P36": "What is the capital of [X]?"}

REMOVED = ("one_stage_continued", "two_stage", "only_highly_known", "only_weakly_known", "only_unknown")  # strategies


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "dataset.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("relation_query_templates.json", json.dumps(TEMPLATES))
        for relation, template in TEMPLATES.items():
            for split, size in SIZES.items():
                subjects = [f"{split.title()}land {relation} {number}" for number in range(size)]
                rows = [
                    {"question": template.replace("[X]", subject), "answers": [f"Answer {invented_name(subject)}"]}
                    for subject in subjects
                ]
                bundle.writestr(f"dataset/{split}/{relation}.{split}.json", json.dumps(rows, indent=4))
    return path


def invented_name(text):
    """Invent one of 35 names, the same one for the same text."""
    return "Élysée Åre Niš Łódź Kraków"[sum(text.encode()) % 5 :: 5] + str(sum(text.encode()) % 7)


def test_the_whole_method_runs_on_real_questions(archive, snakemake, copy_workflow, tmp_path):
    folder = copy_workflow(tmp_path / "real")
    settings = [
        f"data={{path: {archive}, relations: [P17, P36]}}",
        "world={facts_per_relation: 90, exposure: {maximum: 20}, opening: {subjects: 8}, taught: {most_exposed: 8}}",
        "pretraining={vocab_size: 400, hidden_size: 64, num_hidden_layers: 1, sequence_length: 32}",
        "knowledge={exemplar_sets: 3, num_fewshot: 2, samples_per_prompt: 4, max_new_tokens: 8}",
        "training={num_train_epochs: 2}",
        f"strategies={{{', '.join(f'{name}: null' for name in REMOVED)}}}",
        "comparisons=[[base, one_stage]]",
        "seeds=[1]",
        "evaluation={bootstrap_samples: 200, relabel: false, heldout_questions: 20}",
    ]
    experiment = "experiments/entity_questions_simulated.yaml"
    snakemake("--cores", 2, "--configfile", experiment, "--config", *settings, cwd=folder)
    results = folder / "results/entity_questions_simulated"
    questions = read_table(results / "data/questions.parquet", QUESTIONS)
    assert set(questions["relation"]) == {"P17", "P36"} and set(questions["split"]) == set(SIZES)
    assert questions["answers"].map(len).eq(1).all()
    facts = read_table(results / "world/facts.parquet", FACTS)
    assert (facts["exposures"] >= 1).all() and len(facts) == 180
    accuracy = read_tsv(results / "tables/accuracy.tsv")
    assert set(accuracy["strategy"]) == {"base", "one_stage", "two_stage_replay"}
    assert (results / "figures/forgetting.png").stat().st_size > 10_000
    source = json.loads((results / "data/raw/source.json").read_text(encoding="utf-8"))
    assert len(source["sha256"]) == 64
