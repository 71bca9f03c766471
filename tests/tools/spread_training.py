"""Train a stage in one or several processes, as the script of the rule does, and write the metrics of its epochs."""

import contextlib
import dataclasses
import json
import sys
from pathlib import Path

from accelerate.state import AcceleratorState, PartialState
from accelerate.utils import DistributedType
from torch.distributed.tensor import DTensor

import training_settings
from gradual_learning.generation.decoding import Decoding
from gradual_learning.generation.engine import Engine
from gradual_learning.jobs.processes import is_sharded, is_worker, rank
from gradual_learning.knowledge import labeling
from gradual_learning.models.determinism import prepare_torch
from gradual_learning.models.loading import load_tokenizer
from gradual_learning.models.tokenization import Encoder
from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import QUESTIONS
from gradual_learning.training import distributed, finetuning
from gradual_learning.training.settings import FinetuningSettings
from gradual_learning.training.trainable_model import load_trainable_model

REPLICATED, SHARDED, SHARDED_ANYWHERE = "replicated", "sharded", "sharded, also without GPUs"


def allow_sharding_without_gpus() -> None:
    """Make accelerate shard weights on CPUs too: torch supports it, but accelerate ignores its settings there."""
    original = AcceleratorState.__init__

    def with_settings(self, *args, fsdp_plugin=None, **kwargs):
        original(self, *args, fsdp_plugin=fsdp_plugin, **kwargs)
        if fsdp_plugin is not None:
            self.fsdp_plugin = fsdp_plugin
            self.distributed_type = PartialState._shared_state["distributed_type"] = DistributedType.FSDP

    AcceleratorState.__init__ = with_settings


def main(model_folder: Path, questions: Path, place: Path, settings: FinetuningSettings) -> None:
    """Train on all the questions, and measure the accuracy on them."""
    distributed.initialize()
    if is_sharded() and not distributed.has_gpus():
        allow_sharding_without_gpus()
    prepare_torch(1)
    table = read_table(questions, QUESTIONS)
    model = load_trainable_model(str(model_folder), None, settings)
    encoder = Encoder(load_tokenizer(model_folder))
    engine = Engine(model, encoder, 2000)

    def is_correct(part):
        return labeling.verbatim(engine, part, settings.prompt, Decoding(max_new_tokens=4))

    def measure() -> dict[str, float]:
        accuracy = float(distributed.evaluate_in_parallel(is_correct, table, settings.processes.fsdp).mean())
        is_distributed = any(isinstance(weight, DTensor) for weight in model.parameters())
        return {"validation_accuracy": accuracy, "fsdp": float(is_distributed)}

    rows = table[["id", "question", "answers"]].to_dict("records")
    folders = finetuning.StageFolders(place / "best", place / "last", place / "work")
    result = finetuning.finetune(model, encoder, rows, measure, settings, folders)
    if rank() == 0:
        (place / "epochs.json").write_text(json.dumps(result.epochs), encoding="utf-8")


if __name__ == "__main__":
    count, gradient_accumulation_steps, kind, method, *paths = sys.argv[1:]
    processes = distributed.ProcessLayout(int(count), 1, kind != REPLICATED)
    changes = {
        "method": method,
        "gradient_accumulation_steps": int(gradient_accumulation_steps),
        "processes": processes,
    }
    with contextlib.chdir(paths[2]):
        if not is_worker():
            training_settings.folders(Path(paths[2]))
        if processes.count > 1 and not is_worker():
            if kind == SHARDED_ANYWHERE:
                distributed.has_gpus = lambda: True
            distributed.launch_workers(processes, threads=1)
        else:
            main(*map(Path, paths), dataclasses.replace(training_settings.SETTINGS, **changes))
