"""The strategy that validation accuracy chooses, its test accuracy, its cost and its alternatives."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from gradual_learning.data.prompts import validation_questions
from gradual_learning.evaluation.advice import advice
from gradual_learning.evaluation.bootstrap import Bootstrap
from gradual_learning.evaluation.checkpoints import Design, by_checkpoint, read_best_answers, read_knowledge
from gradual_learning.evaluation.choice import Choice
from gradual_learning.tables.files import read_table, read_tsv
from gradual_learning.tables.schemas import PROMPTS, QUESTIONS


def tabulate(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> pd.DataFrame:
    """Read the learning curves, the cost and the evaluations at the best epoch."""
    design = Design.from_params(settings)
    questions, exemplars = read_table(inputs["questions"], QUESTIONS), read_table(inputs["prompts"], PROMPTS)
    validation = len(validation_questions(questions, exemplars))
    curves, cost = read_tsv(inputs["curves"]), read_tsv(inputs["cost"])
    choice = Choice.from_tables(curves, cost, validation, design, settings["matched"])
    test = read_knowledge(inputs["known"])
    best = by_checkpoint(settings["checkpoints"], inputs["best"])
    answers = read_best_answers(inputs["base"], best, design, test["id"])
    return advice(test, answers, choice, Bootstrap.from_params(settings))
