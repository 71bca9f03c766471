"""Values with a special meaning in the columns of the result tables."""

from gradual_learning.tables.schemas import CATEGORIES

# column `category`
FULL = "Full"  # all questions, whatever their category
GROUPS = [FULL, *CATEGORIES]

# column `epoch`
EPOCHS = ["best", "last"]
FEW_SHOT = "few-shot"  # the base model in the few-shot prompts of its labeling
NO_EPOCH = "-"  # the base model, zero-shot

# column `strategy` of the table of advice
LEFT_OUT = "left-out seeds"  # each seed under the strategy that the other seeds choose

# columns `questions_needed`: the published gain of a second stage, about one point (reviews of Li et al. 2024)
EFFECT = 0.01

# columns `seed` and `checkpoint`
NO_SEED = "-"  # the base model
MEAN = "mean"  # the average over all seeds
RELABELED = "base (relabeled)"  # the base model, labeled a second time

# tables of cost and time: columns `activity` and `strategy`
ACTIVITIES = ("pretraining", "querying", "labeling", "training", "evaluation")
# querying is labeling and evaluation in one job: they have counts of their own, but one time
ALL = "all"  # all activities together
TOTAL = "total"  # all checkpoints, each once

# tables of effects: column `measure`, all of strategies against their baselines
ACCURACY = "accuracy"  # difference of test accuracy
FORGETTING = "forgetting"  # difference of the share of test questions HighlyKnown at base that are not answered
KNOWLEDGE_TRAIN, KNOWLEDGE_HELDOUT = "knowledge_train", "knowledge_heldout"  # relative number of HighlyKnown questions
MEASURES = [ACCURACY, FORGETTING, KNOWLEDGE_TRAIN, KNOWLEDGE_HELDOUT]
POOLED = "all runs"  # column `run`: the combination
