"""Select the training questions of a stage and write them, with a readable page on how they were selected."""

import logging

from gradual_learning.jobs import script
from gradual_learning.jobs.atomic_files import write_text
from gradual_learning.tables.files import read_table, write_json_lines
from gradual_learning.tables.schemas import KNOWLEDGE, QUESTIONS
from gradual_learning.training.selection import Stage, describe, formula, permute_answers, select


def main(paths: dict[str, str], checkpoint: str, stage: Stage, match_size_of: Stage | None, key: str) -> None:
    current, at_base = (read_table(paths[name], KNOWLEDGE) for name in ("current", "at_base"))
    known = current[["id", "relation", "category", "p_sampled"]].merge(
        at_base[["id", "category"]], on="id", suffixes=("_current", "_at_base"), validate="one_to_one"
    )
    chosen = select(known, stage, match_size_of, key)
    if chosen.empty:
        logging.warning("%s: no question qualifies; the stage passes its parent through unchanged", checkpoint)
    questions = read_table(paths["questions"], QUESTIONS)[["id", "question", "answers", "relation"]]
    rows = questions.merge(chosen, on="id", validate="one_to_one").sort_values("id")
    if stage.shuffle_answers:
        rows, kept = permute_answers(rows, key)
        if kept:
            logging.warning("%s: %d questions keep an answer that is too frequent to permute", checkpoint, kept)
    records = rows.to_dict("records")
    write_json_lines((row | {"answers": list(row["answers"])} for row in records), paths["data"])
    write_text(describe(chosen, checkpoint, formula(stage, match_size_of)), paths["formula"])


if __name__ == "__main__":
    settings, files = snakemake.params.settings, {**snakemake.input, **snakemake.output}
    matched = settings["match_size_of"]
    with script.job(snakemake.log[0]):
        main(
            paths={name: files[name] for name in ("current", "at_base", "questions", "data", "formula")},
            checkpoint=snakemake.wildcards.checkpoint,
            stage=Stage.from_config(settings["stage"]),
            match_size_of=Stage.from_config(matched) if matched else None,
            key=f"{settings['seed']}/{settings['name']}",
        )
