"""One stage as a job: read its files, measure the model after every epoch, write its outputs."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from gradual_learning.data import prompts, subsets
from gradual_learning.generation.decoding import Decoding
from gradual_learning.generation.engine import Engine
from gradual_learning.jobs import fingerprint, resume
from gradual_learning.jobs.atomic_files import write_text
from gradual_learning.jobs.processes import rank
from gradual_learning.knowledge import labeling
from gradual_learning.models.adapters import hub_origin, state_base_model
from gradual_learning.models.loading import is_adapter, load_tokenizer
from gradual_learning.models.tokenization import Encoder
from gradual_learning.tables.files import read_json_lines, read_table, write_json_lines
from gradual_learning.tables.schemas import PROMPTS, QUESTIONS
from gradual_learning.training import distributed, early_stopping, finetuning
from gradual_learning.training.settings import FinetuningSettings
from gradual_learning.training.trainable_model import load_trainable_model, merged_adapter

INPUTS = ("model", "model_source", "parent", "data", "questions", "prompts")
OUTPUTS = ("best", "last", "training_log", "summary")


@dataclass(frozen=True)
class StageJob:
    """The job that trains one stage.

    Attributes:
        checkpoint: name of the checkpoint that the stage creates.
        inputs: paths by the names in :data:`INPUTS`; without ``parent`` where the stage starts from the base model, and
            without ``model_source`` where nothing is recorded about it.
        outputs: paths by the names in :data:`OUTPUTS`.
        code: the code on which the result depends, from :func:`fingerprint.code_of`.
        settings: of the training.
        decoding: of the answers to validation and train questions.
        chat_template: whether prompts are formatted with the chat template of the model.
        batch_tokens: tokens per batch of the engine; affects only speed.
    """

    checkpoint: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    code: list[str]
    settings: FinetuningSettings
    decoding: Decoding
    chat_template: bool
    batch_tokens: int

    @property
    def work(self) -> Path:
        """The work folder."""
        return resume.work_folder(self.outputs["best"])

    def purpose(self) -> dict[str, str]:
        """Describe everything that the outputs depend on."""
        settings = [asdict(self.settings), asdict(self.decoding), self.chat_template]
        return fingerprint.describe(self.inputs, self.code, settings)

    def train(self) -> None:
        """Train the stage and write the outputs; of several processes, the first one writes."""
        rows = read_json_lines(self.inputs["data"])
        model = load_trainable_model(self.inputs["model"], self.inputs.get("parent"), self.settings)
        encoder = Encoder(load_tokenizer(self.inputs["model"]), self.chat_template)
        measure = self._measurement(Engine(model, encoder, self.batch_tokens), rows)
        folders = finetuning.StageFolders(Path(self.outputs["best"]), Path(self.outputs["last"]), self.work)
        result = finetuning.finetune(model, encoder, rows, measure, self.settings, folders)
        if rank() == 0:
            self._state_base_model()
            write_json_lines(result.epochs, self.outputs["training_log"])
            description = {"checkpoint": self.checkpoint, "seed": self.settings.seed, "questions": len(rows)}
            weights = {epoch: self._weights_hash(epoch) for epoch in ("best", "last")}
            summary = description | result.summary() | {"weights": weights}
            write_text(json.dumps(summary, indent=2) + "\n", self.outputs["summary"])

    def _state_base_model(self) -> None:
        """Let adapters name their base model so that it is found from any folder: on the hub, or by absolute path."""
        record = self.inputs.get("model_source")
        origin = hub_origin(read_json_lines(record, whole=True)[0]) if record else {}
        name = origin.get("name") or str(Path(self.inputs["model"]).absolute())
        for folder in (self.outputs["best"], self.outputs["last"]):
            if is_adapter(folder):
                state_base_model(folder, name, origin.get("commit"))

    def _weights_hash(self, epoch: str) -> str:
        """Return a hash of the weights: Snakemake compares the summary, but not the folders, by content."""
        return fingerprint.content_hash(*sorted(Path(self.outputs[epoch]).glob("*.safetensors")))

    def _measurement(self, engine: Engine, rows: list[dict[str, Any]]) -> Callable[[], dict[str, float]]:
        """Return a function that computes the accuracy on validation questions and on some of the train questions."""
        table = read_table(self.inputs["questions"], QUESTIONS)
        validation = prompts.validation_questions(table, read_table(self.inputs["prompts"], PROMPTS))
        tracked = table[table["id"].isin([row["id"] for row in rows[: subsets.TRACKED]])]
        category_at_base = {row["id"]: row["category_at_base"] for row in rows}

        def is_correct(questions: pd.DataFrame) -> pd.Series:
            return labeling.verbatim(engine, questions, self.settings.prompt, self.decoding)

        def measure() -> dict[str, float]:
            questions = pd.concat([validation, tracked])
            with merged_adapter(engine.model):
                correct = distributed.evaluate_in_parallel(is_correct, questions, self.settings.processes.fsdp)
            return {
                early_stopping.METRIC: float(correct[validation["id"]].mean()),
                **early_stopping.train_accuracies(correct[tracked["id"]], category_at_base),
            }

        return measure
