"""A small experiment to plan: two strategies of two stages on the questions of the tiny world, and its model."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest
import yaml
from snakemake.utils import validate

from gradual_learning.configuration.check import complete
from gradual_learning.models.loading import Loading
from gradual_learning.models.pretraining import Pretraining
from gradual_learning.plan import model_spec
from gradual_learning.plan.calibration import Timings
from gradual_learning.plan.cost import Cost
from gradual_learning.plan.counts import Plan
from gradual_learning.plan.workload import Workload

MAYBE = {"train_on": {"current": ["MaybeKnown"]}}
CONFIG = {
    "pretraining": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "batch_size": 8},
    "knowledge": {"exemplar_sets": 3, "num_fewshot": 2, "samples_per_prompt": 6, "max_new_tokens": 4},
    "training": {"batch_size": 8},
    "stages": {
        "first": MAYBE,
        "second": MAYBE,
        "replayed": MAYBE | {"replay": {"HighlyKnown": 0.2}},
        "continued": {"train_on": {"at_base": ["MaybeKnown"]}, "match_steps_of": "replayed"},
        "unused": MAYBE | {"method": "full"},
    },
    "strategies": {"two_stage": ["first", "second"], "continued": ["first", "continued"]},
    "comparisons": [],
    "seeds": [1],
    "evaluation": {"heldout_questions": 20},
}
TIMINGS = Timings(
    start=1.0,
    expected={"greedy": Cost(0.1, 0.01), "sampled": Cost(0.1, 0.02), "zero_shot": Cost(0.01, 0.005)},
    at_most={"greedy": Cost(0.1, 0.02), "sampled": Cost(0.2, 0.05), "zero_shot": Cost(0.02, 0.01)},
    trained={"lora": Cost(0.01, 0.001), "full": Cost(0.01, 0.002)},
    pretraining_step=0.1,
    model="random weights",
)


@pytest.fixture(scope="session")
def workload(tiny_world, root) -> Workload:
    path = str(root / "rules/schemas/config.schema.yaml")
    with open(path, encoding="utf-8") as handle:
        config = complete(CONFIG, yaml.safe_load(handle), lambda settings: validate(settings, path))
    settings = Pretraining(**config["pretraining"])
    spec = model_spec.from_documents(tiny_world.documents, tiny_world.facts, settings, Loading())
    return Workload(config, spec, tiny_world.questions, tiny_world.prompts, "lazy", shards=1)


@pytest.fixture(scope="session")
def changed(workload) -> Callable[..., Workload]:
    """Return the workload with other fields, and with other values in the sections of its configuration."""

    def change(spec=None, questions=None, sampling="lazy", shards=1, **sections) -> Workload:
        config = workload.config | {name: workload.config[name] | values for name, values in sections.items()}
        questions = workload.questions if questions is None else questions
        return replace(
            workload, config=config, spec=spec or workload.spec, questions=questions, sampling=sampling, shards=shards
        )

    return change


@pytest.fixture(scope="session")
def plan(changed) -> Callable[..., Plan]:
    """Plan the workload; ``labels`` are the known categories of the train questions, in the order of their ids."""

    def make(labels: list[str] | None = None, at_most: bool = False, **changes) -> Plan:
        planned = changed(**changes)
        ids = planned.questions.loc[planned.questions["split"] == "train", "id"].sort_values()
        known = None if labels is None else pd.Series(labels, index=ids)
        return Plan(planned, TIMINGS, known, subjects=10, is_upper_bound=at_most)

    return make
