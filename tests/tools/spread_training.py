"""Trains a stage in as many processes as asked, as the script of the rule does, and writes what it came to."""

import contextlib
import dataclasses
import json
import sys
from pathlib import Path

from torch.distributed.tensor import DTensor

import stages
from gradual_learning import labelling, models, parallel, records, runtime, training
from gradual_learning.encoding import Encoder
from gradual_learning.sampling import Decoding, Engine


def main(model_folder: Path, questions: Path, place: Path, settings: training.Finetuning) -> None:
    """Train on all the questions, and measure how many are answered."""
    parallel.join()
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
    processes = parallel.Processes(int(count), 1, kind == "sharded")
    changes = {"method": method, "accumulation": int(accumulation), "processes": processes}
    with contextlib.chdir(paths[2]):
        if processes.count > 1 and not parallel.is_worker():
            parallel.launch(processes, threads=1)
        else:
            main(*map(Path, paths), dataclasses.replace(stages.SETTINGS, **changes))
