"""How to read each figure and table of the report."""

INTERVAL = "Intervals cover {percent:g} % (seeds and questions are both resampled)."
READINGS = {
    "accuracy": (
        "Zero-shot accuracy on the test questions by strategy, in full and by the category of the question under the"
        " base model. Filled: the epoch that is best on the validation questions; hollow: the last epoch. The dashed"
        f" line is the base model. {INTERVAL}"
    ),
    "arms": (
        "Training sets of one size that differ in kind, in the shape of Table 2 of Gekhman et al. 2024: accuracy and"
        f" rank at the best and at the last epoch, with their published numbers beside them. {INTERVAL}"
    ),
    "categories": (
        "Shares of the four categories under the base model and after each stage, among the train questions and among"
        " held-out probe questions."
    ),
    "comparisons": (
        "Pairs of strategies, question by question, in full and by category at base: the difference of accuracy, how"
        " many answers were gained and lost, McNemar's exact test, p corrected for all comparisons (adjusted_p) and the"
        f" least true difference that would be found with a chance of 80 % (mde). {INTERVAL}"
    ),
    "cost": "What each strategy took in generations, training questions and optimiser steps, summed over seeds.",
    "examples": (
        "Questions that the method upgraded and questions that it forgot, with their answers before and after. Of each"
        " kind the first ones by id, which is a hash; nobody chose them."
    ),
    "exposure": (
        "Categories of the train questions under the base model by how often the pretraining documents state the fact"
        " asked for: a ground truth that no model from elsewhere can give."
    ),
    "flow": (
        "How the train questions flow between the categories from stage to stage, in percent of all of them, a mean"
        " over seeds. A ribbon has the colour of the category that it leaves; what stays in its category is pale. The"
        " first panel sorts the questions under the same model again: what moves there moves by chance."
    ),
    "forgetting": (
        "Of the questions HighlyKnown under the base model, the share no longer answered after each strategy, on test"
        " and on train questions, and the fall of their P0 (the share of right greedy few-shot answers) where they were"
        " sorted again. The base model's own floor is shown: zero-shot it misses some HighlyKnown questions too."
        f" {INTERVAL}"
    ),
    "knowledge_gain": (
        "HighlyKnown questions under the base model (HK0), after the first stage (HK1) and after the last (HK2), among"
        " the train questions and among held-out ones. Both readings of the gain are given, HK2/HK1 - 1 and"
        f" (HK2 - HK0)/(HK1 - HK0) - 1. {INTERVAL}"
    ),
    "learning_curves": (
        "Accuracy on the train and the validation questions by epoch; a later stage goes on where the earlier one's"
        " best epoch ended. Thin lines are seeds, thick ones their mean; the best epoch is marked."
    ),
    "newly_known": (
        "Questions that were Unknown or WeaklyKnown under the base model and are HighlyKnown or MaybeKnown later, by"
        f" how often their fact had been stated in pretraining, beside what the retest alone moves. {INTERVAL}"
    ),
    "recall": (
        "How well a question's category predicts that the base model completes the statement of its fact, as it stood"
        f" in the pretraining documents. {INTERVAL}"
    ),
    "relations": f"Accuracy at the best epoch by strategy and relation. {INTERVAL}",
    "replay": (
        "Accuracy on the test questions and forgetting of HighlyKnown ones by the ratio of HighlyKnown questions that"
        f" the last stage replays; the strategies differ in nothing else. {INTERVAL}"
    ),
    "sharing": (
        "Whether untrained questions that were upgraded share an entity with trained ones more than chance would have"
        " it; the interval is that of permutations within relation and category at base."
    ),
    "time": "Seconds and peak memory of the jobs behind each strategy, as measured in this run.",
    "training_data": (
        "What each stage trained on, by role, category at base and category when it was selected, with the formula of"
        " the set: C is the category under the checkpoint the stage starts from, C0 that under the base model."
    ),
    "transitions": (
        "How questions move between the categories at each stage: of the questions of a row's category, the share in"
        " each column. The retest sorts the same questions under the same model again, with other exemplars and"
        " samples: what moves there moves by chance alone."
    ),
}


def reading(subject: str, confidence: float) -> str:
    """Tell how to read the figure and the table of a subject; empty where there is nothing to say beyond its title."""
    return READINGS.get(subject, "").format(percent=100 * confidence)
