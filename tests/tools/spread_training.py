"""Trains a stage in as many processes as asked, as the script of the rule does, and writes what it came to."""

import contextlib
import dataclasses
import json
import sys
from pathlib import Path

from accelerate.state import AcceleratorState, PartialState
from accelerate.utils import DistributedType
from torch.distributed.tensor import DTensor

import stages
from gradual_learning import labelling, models, parallel, records, runtime, training
from gradual_learning.encoding import Encoder
from gradual_learning.sampling import Decoding, Engine

ANYWHERE = "sharded anywhere"  # where there are no GPUs too


def shard_without_gpus() -> None:
    """Let accelerate spread weights over processors too: torch can, but its settings are passed over there."""
    as_it_is = AcceleratorState.__init__

    def with_settings(self, *args, fsdp_plugin=None, **kwargs):
        as_it_is(self, *args, fsdp_plugin=fsdp_plugin, **kwargs)
        if fsdp_plugin is not None:
            self.fsdp_plugin = fsdp_plugin
            self.distributed_type = PartialState._shared_state["distributed_type"] = DistributedType.FSDP

    AcceleratorState.__init__ = with_settings


def main(model_folder: Path, questions: Path, place: Path, settings: training.Finetuning) -> None:
    """Train on all the questions, and measure how many are answered."""
    parallel.join()
    if parallel.is_sharded() and not parallel.has_gpus():
        shard_without_gpus()
    runtime.prepare_torch(1)
    table = records.read_table(questions, records.QUESTIONS)
    model = training.trainable_model(str(model_folder), None, settings)
    encoder = Encoder(models.load_tokenizer(model_folder))
    engine = Engine(model, encoder, 2000)

    def measure() -> dict[str, float]:
        def ask(part):
            return labelling.verbatim(engine, part, settings.prompt, Decoding(max_new_tokens=4))

        accuracy = float(parallel.share_out(ask, table, settings.processes.sharded).mean())
        parts = [weight for weight in model.parameters() if isinstance(weight, DTensor)]
        return {"validation_accuracy": accuracy, "sharded": float(len(parts) > 0)}

    rows = table[["id", "question", "answers"]].to_dict("records")
    outcome = training.finetune(model, encoder, rows, measure, settings, stages.folders(place))
    if parallel.rank() == 0:
        (place / "epochs.json").write_text(json.dumps(outcome.epochs), encoding="utf-8")


if __name__ == "__main__":
    count, accumulation, kind, method, *paths = sys.argv[1:]
    processes = parallel.Processes(int(count), 1, kind != "whole")
    changes = {"method": method, "accumulation": int(accumulation), "processes": processes}
    with contextlib.chdir(paths[2]):
        if processes.count > 1 and not parallel.is_worker():
            stages.folders(Path(paths[2]))
            if kind == ANYWHERE:
                parallel.has_gpus = lambda: True
            parallel.launch(processes, threads=1)
        else:
            main(*map(Path, paths), dataclasses.replace(stages.SETTINGS, **changes))
