"""Which pages the report has, what they are made from and where they belong."""

# subject: where it stands in the report, which sorts by name, and its title
PAGES = {
    "accuracy": ("2 Accuracy", "Accuracy by strategy and by category at base"),
    "comparisons": ("2 Accuracy", "Strategies compared in pairs"),
    "relations": ("2 Accuracy", "Accuracy by relation"),
    "arms": ("2 Accuracy", "The arms of Gekhman et al. 2024"),
    "forgetting": ("3 Forgetting", "Forgetting by strategy"),
    "replay": ("3 Forgetting", "Accuracy and forgetting by replay ratio"),
    "knowledge_gain": ("4 Knowledge", "Knowledge gained"),
    "examples": ("4 Knowledge", "Questions upgraded and forgotten"),
    "categories": ("4 Knowledge", "Shares of the categories by stage"),
    "transitions": ("4 Knowledge", "Transitions between the categories"),
    "flow": ("4 Knowledge", "Flow of questions between the categories"),
    "exposure": ("5 Ground truth", "Categories by exposure in pretraining"),
    "recall": ("5 Ground truth", "What the category says of recall"),
    "newly_known": ("5 Ground truth", "What became known, by exposure"),
    "sharing": ("5 Ground truth", "Entities shared with trained questions"),
    "learning_curves": ("6 Training", "Learning curves"),
    "training_data": ("6 Training", "What each stage trained on"),
    "cost": ("7 Cost", "Generations and steps by strategy"),
    "time": ("7 Cost", "Seconds and memory by strategy"),
}


WRITTEN = ["write_pages", "write_summary", "write_methods"]  # the rules that write from all tables and figures


def summarised():
    """List the subjects whose tables the summary is written from."""
    wanted = ("accuracy", "comparisons", "forgetting", "knowledge_gain", "transitions", "arms")
    return [subject for subject in wanted if subject in table_subjects()]


def table_files(subjects):
    """List the tables of subjects."""
    return [f"<results>/tables/{subject}.tsv" for subject in subjects]


def page_titles():
    """Name the pages of the report by subject: one for all that is drawn or tabulated."""
    return {subject: PAGES[subject][1] for subject in dict.fromkeys([*figure_subjects(), *table_subjects()])}


def page_category(wildcards):
    """Return where a page stands in the report."""
    return PAGES[wildcards.subject][0]


def page_labels(wildcards):
    """Return by which labels a page is found in the report."""
    parts = ["figure"] if wildcards.subject in figure_subjects() else []
    parts += ["table"] if wildcards.subject in table_subjects() else []
    return {"subject": PAGES[wildcards.subject][1], "holds": " and ".join(parts)}


def model_source():
    """Return the file that says where the base model was fetched from, or nothing where it was pretrained here."""
    return [] if is_pretrained() else "<results>/model_source.json"
