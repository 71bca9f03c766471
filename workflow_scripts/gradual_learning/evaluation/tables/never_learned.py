"""Which of the questions that a strategy trains on are still answered wrong, at its best and at its last epoch."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import (
    Design,
    by_checkpoint,
    read_answers,
    read_knowledge,
    taught_by_strategy,
)
from gradual_learning.evaluation.never_learned import (
    base_answer_groups,
    never_learned,
    question_groups,
    same_answer_counts,
)
from gradual_learning.evaluation.table_values import EPOCHS
from gradual_learning.knowledge.matching import AnswerMatcher
from gradual_learning.tables.files import gather, read_table
from gradual_learning.tables.schemas import FACTS, GREEDY, QUESTIONS


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the train questions with what is known of them, the training sets, and the evaluations of both epochs."""
    design, known = Design.from_params(settings), read_knowledge(inputs["known"])
    questions = read_table(inputs["questions"], QUESTIONS).set_index("id").loc[known["id"]].reset_index()
    facts = read_table(inputs["facts"], FACTS) if "facts" in inputs else None
    matcher = AnswerMatcher(settings["answer_match"], settings["f1_threshold"])
    few_shot = gather(inputs["few_shot"], GREEDY)
    groups = question_groups(known, questions["answers"], facts)
    groups |= base_answer_groups(few_shot, questions["id"], questions["answers"], matcher)
    taught = taught_by_strategy(by_checkpoint(settings["trained"], inputs["data"]), design)
    counts = {name: same_answer_counts(questions, answers) for name, answers in taught.items()}
    epochs = {epoch: by_checkpoint(settings["checkpoints"], inputs[epoch]) for epoch in EPOCHS}
    correct = read_answers(inputs["base"], epochs, design, known["id"])
    return never_learned(groups, counts, correct, Bootstrap.from_params(settings))
