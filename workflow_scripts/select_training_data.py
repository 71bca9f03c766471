"""Choose the questions of a stage and write them, with their set formula, to files that a person can read."""

import logging

from gradual_learning import records, runtime, selection


def main(paths: dict, checkpoint: str, stage: selection.Stage, size_of: selection.Stage | None, key: str) -> None:
    now, at_base = (records.read_table(paths[name], records.KNOWLEDGE) for name in ("now", "at_base"))
    known = now[["id", "relation", "category"]].merge(
        at_base[["id", "category"]], on="id", suffixes=("_now", "_at_base"), validate="one_to_one"
    )
    chosen = selection.select(known, stage, size_of, key)
    if chosen.empty:
        logging.warning("%s: no question qualifies; the stage passes its parent through unchanged", checkpoint)
    questions = records.read_table(paths["questions"], records.QUESTIONS)[["id", "question", "answers", "relation"]]
    rows = questions.merge(chosen, on="id", validate="one_to_one").sort_values("id").to_dict("records")
    records.write_json_lines((row | {"answers": list(row["answers"])} for row in rows), paths["data"])
    records.write_text(selection.describe(chosen, checkpoint, selection.formula(stage, size_of)), paths["formula"])


if __name__ == "__main__":
    params = snakemake.params
    with runtime.job(snakemake.log[0]):
        main(
            paths={
                "now": snakemake.input.now,
                "at_base": snakemake.input.at_base,
                "questions": snakemake.input.questions,
                "data": snakemake.output.data,
                "formula": snakemake.output.formula,
            },
            checkpoint=snakemake.wildcards.checkpoint,
            stage=selection.Stage.from_config(params.stage),
            size_of=selection.Stage.from_config(params.size_of) if params.size_of else None,
            key=f"{params.seed}/{params.name}",
        )
