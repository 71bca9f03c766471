"""Which figures, tables and pages this experiment has."""

from gradual_learning.report import subjects

CONDITIONS = {
    "combined": bool(RUNS),
    "category_ranking": bool(config["evaluation"]["category_ranking"]),
    "relabeled": bool(RELABELED),
    "replay_sweep": len(set(EXPERIMENT.replay_sweep().values())) > 1,
    "pretrained": is_pretrained(),
}
RUN_LABEL = {"run": workflow.modifier.namespace} if workflow.modifier.namespace else {}
FIGURES = subjects.figure_subjects(CONDITIONS)
TABLES = subjects.table_subjects(CONDITIONS)
OWN_TABLES = subjects.table_subjects(CONDITIONS | {"combined": False})  # of this experiment, whatever is combined
PAGES = [name for name in subjects.SUBJECTS if name in {*FIGURES, *TABLES}]
SUMMARIZED = ("advice", "accuracy", "comparisons", "forgetting", "knowledge_gain", "transitions", "category_ranking")
SUMMARIZED += ("combined",)


def table_files(names):
    """List the tables of subjects."""
    return [f"<results>/tables/{name}.tsv" for name in names]


def page_category(wildcards):
    """Return the category of a page in the report."""
    return subjects.SUBJECTS[wildcards.subject].category


def page_labels(wildcards):
    """Return the labels under which the report lists a page."""
    return {"subject": subjects.SUBJECTS[wildcards.subject].title} | RUN_LABEL


def figure_settings(wildcards):
    """Return what a figure needs to know beyond its tables."""
    known = {"confidence": config["evaluation"]["confidence_level"], "sweep": EXPERIMENT.replay_sweep()}
    wanted = subjects.SUBJECTS[wildcards.figure].settings
    return {"dpi": config["figures"]["dpi"]} | {name: known[name] for name in wanted}
