"""The export of a strategy: the model of its best seed, merged or as an adapter, and a model card."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradual_learning.evaluation.checkpoints import Files
from gradual_learning.experiment import checkpoint_name, prefixes
from gradual_learning.export import card, model
from gradual_learning.jobs.atomic_files import atomic_folder
from gradual_learning.models.adapters import hub_origin
from gradual_learning.models.loading import read_config, stored_dtype
from gradual_learning.tables.files import read_json_lines, read_table, read_tsv
from gradual_learning.tables.schemas import EVALUATION, QUESTIONS


@dataclass(frozen=True)
class StrategyExport:
    """The files and settings of an export.

    Attributes:
        finals: folders of the final checkpoints.
        evaluations: their evaluations on the test questions.
        summaries: summaries of all checkpoints that the strategy passes through.
        files: the other files by name: model, questions, tables, and model_source and data_source where they exist.
        params: of the rule.
    """

    finals: Files
    evaluations: Files
    summaries: Files
    files: Mapping[str, Any]
    params: Mapping[str, Any]

    def write(self, output: str) -> None:
        """Write the folder of the model."""
        trained = {name: _read_record(path) for name, path in self.summaries.items()}
        names = {seed: checkpoint_name(self.params["chain"], seed) for seed in self.params["seeds"]}
        accuracies = {seed: trained[name]["best_validation_accuracy"] for seed, name in names.items()}
        seed = model.best_seed(accuracies)
        logging.info("exporting %s, validation accuracy %.3f", names[seed], accuracies[seed])
        source, final = _read_record(self.files["model_source"]), self.finals[names[seed]]
        text = self._card(trained, accuracies, seed, source)
        with atomic_folder(output) as folder:
            if self.params["format"] == "adapter":
                model.write_adapter(self.files["model"], final, folder, hub_origin(source))
            else:
                model.write_merged(self.files["model"], final, folder)
            (folder / "README.md").write_text(text, encoding="utf-8")

    def _card(
        self,
        trained: Mapping[str, Mapping[str, Any]],
        accuracies: Mapping[int, float],
        seed: int,
        source: dict[str, Any],
    ) -> str:
        """Write the model card from the summaries by checkpoint, the validation accuracy of each seed, and the best."""
        params, files = self.params, self.files
        evaluation = self.evaluations[checkpoint_name(params["chain"], seed)]
        return card.write(
            card.Export(
                strategy=params["strategy"],
                stages=[
                    {**stage, "summary": trained[checkpoint_name(part, seed)]}
                    for stage, part in zip(params["stages"], prefixes(params["chain"]), strict=True)
                ],
                accuracies=accuracies,
                seed=seed,
                correct=read_table(evaluation, EVALUATION)["correct"].tolist(),
                questions=read_table(files["questions"], QUESTIONS),
                tables={Path(path).stem: read_tsv(path) for path in files["tables"]},
                export_format=params["format"],
                dtype=stored_dtype(read_config(files["model"])),
                model=params["model"],
                model_source=source,
                data=params["data"],
                data_source=_read_record(files["data_source"]),
                prompt=params["prompt"],
                max_new_tokens=params["max_new_tokens"],
                confidence=params["confidence_level"],
            )
        )


def _read_record(path: str | None) -> dict[str, Any]:
    """Read a JSON object, empty where there is no file."""
    return read_json_lines(path, whole=True)[0] if path else {}
