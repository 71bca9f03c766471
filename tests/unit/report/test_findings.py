"""The findings of figures and tables state the numbers of the tables."""

import re

import numpy as np
import pandas as pd
import pytest

import example_tables
from example_tables import CHAINS, FEW
from gradual_learning.figures import (
    accuracy,
    categories,
    category_ranking,
    comparisons,
    cost,
    exposure,
    flow,
    forgetting,
    knowledge_gain,
    learning_curves,
    never_learned,
    newly_known,
    recall,
    replay,
    sharing,
    tradeoff,
    transitions,
)
from gradual_learning.report.table_pages import advice, examples, relations, time, trained_answers, training_data
from gradual_learning.report.wording import plain
from gradual_learning.tables.schemas import CATEGORIES


def test_the_page_of_advice_names_the_choice_and_counts_its_alternatives():
    text = advice.finding({"advice": example_tables.advice(["a", "b", "c"])})
    assert text.startswith("`a` has the highest validation accuracy, 33.8 % of 1,318 questions. On the test questions")
    assert text.endswith("2 other strategies are not significantly different from it; 1 of them are cheaper.")


def test_the_tradeoff_names_the_front_from_the_least_forgetting():
    table = example_tables.advice(["a", "b", "c"], few_shot=True)
    table.loc[2:4, "accuracy"], table.loc[2:4, "forgotten"] = [0.3, 0.35, 0.32], [0.1, 0.2, 0.21]
    text = tradeoff.finding({"advice": table})
    assert "the base model (25.7 %" in text and "0.0 % of HighlyKnown not), `a` (30.0 % answered, 10.0 %" in text
    assert text.endswith("and `b` (35.0 % answered, 20.0 % of HighlyKnown not).")
    nothing = tradeoff.finding({"advice": table.assign(highly_known=0)})
    assert nothing == "No test question is HighlyKnown under the base model."


def test_accuracy_names_the_best_and_the_worst_strategy():
    rows = [("base", "-", 0.2), ("a", "best", 0.3), ("b", "best", 0.4), ("c", "best", 0.35), ("c", "last", 0.9)]
    table = pd.DataFrame(rows, columns=["strategy", "epoch", "accuracy"]).assign(category="Full", questions=3928)
    text = accuracy.finding({"accuracy": table.assign(low=0.1, high=0.9)})
    assert "The base model answers 20.0 % [10.0, 90.0] of 3,928 test questions" in text
    assert "`b` has the highest accuracy, 40.0 %" in text and "`a` the lowest, 30.0 %" in text


def test_forgetting_names_the_least_and_the_most_forgetful_strategy():
    rows = [("base", "-", 0.12), ("a", "best", 0.2), ("b", "best", 0.1), ("c", "last", 0.9)]
    table = pd.DataFrame(rows, columns=["strategy", "epoch", "forgotten"]).assign(split="test", highly_known=692)
    text = forgetting.finding({"forgetting": table.assign(low=0.0, high=1.0)})
    assert "`b` leaves the fewest unanswered at its best epoch, 10.0 %" in text and "`a` the most, 20.0 %" in text
    assert "The base model leaves 12.0 % [0.0, 100.0] unanswered zero-shot" in text


def test_empty_tables_are_reported_as_such():
    gain = pd.DataFrame({"split": ["train"], "strategy": ["two"], "relative": [np.nan]})
    assert knowledge_gain.finding({"knowledge_gain": gain}).startswith("No train question")
    pairs = pd.DataFrame({"category": [], "difference": []})
    assert comparisons.finding({"comparisons": pairs}) == "No strategies are compared."


def test_comparisons_state_the_smallest_and_the_largest_difference():
    table = example_tables.comparisons(["a", "b", "c"])
    full = table["category"] == "Full"
    table.loc[full, "difference"] = [0.01, -0.02, 0.03]
    text = comparisons.finding({"comparisons": table})
    assert text == (
        "The differences of 3 comparison(s) range from -2.0 points [-1.0, +3.0] (`b` against the base model) to +3.0"
        " points [-1.0, +3.0] (`c` against the base model)."
    )


def test_knowledge_gain_names_the_strategy_that_gains_most():
    table = example_tables.knowledge_gain(FEW)
    table.loc[table["strategy"] == "two_stage", "relative"] = 0.5
    table.loc[(table["strategy"] == "one_stage") & (table["split"] == "heldout"), "relative"] = 0.9
    text = knowledge_gain.finding({"knowledge_gain": table})
    assert "`two_stage` gains most: of 1,000 train questions, 100 are HighlyKnown under the base model, 103" in text
    assert "+50.0 % [-10.0, +20.0]" in text


def test_categories_states_the_shares_at_base():
    table = example_tables.categories(["1", "mean"])
    table.loc[table["checkpoint"] != "base", "share"] = 0.9
    text = categories.finding({"categories": table})
    assert "the 100 train questions are 25.0 % HighlyKnown, 25.0 % MaybeKnown, 25.0 % WeaklyKnown and" in text


@pytest.mark.parametrize("module", [transitions, flow])
def test_transitions_state_what_moves_and_what_moves_by_chance(module):
    moves = pd.DataFrame([(a, b) for a in CATEGORIES for b in CATEGORIES], columns=["from_category", "to_category"])
    stay = np.where(moves["from_category"] == moves["to_category"], 6, 1)
    parts = [moves.assign(from_checkpoint="base", to_checkpoint=end) for end in ("base (relabeled)", "first")]
    table = pd.concat([part.assign(split="train", questions=stay + extra) for extra, part in enumerate(parts)])
    text = module.finding({"transitions": table})
    assert "46.2 % from the base model to `first`" in text
    assert "33.3 % by chance alone" in text


def test_the_replay_sweep_is_stated_in_the_order_of_its_ratios():
    frame = pd.DataFrame({"strategy": ["a", "b"], "epoch": "best", "split": "test", "category": "Full"})
    tables = {
        "accuracy": frame.assign(accuracy=[0.3, 0.4], low=0.2, high=0.5),
        "forgetting": frame.assign(forgotten=[0.1, 0.05], low=0.0, high=0.2),
        "sweep": pd.DataFrame({"strategy": ["b", "a"], "ratio": [0.2, 0.0]}),
    }
    text = replay.finding(tables)
    assert re.findall(r"ratio of (\S+), (\S+) %", text) == [("0", "30.0"), ("0.2", "40.0")]
    assert re.findall(r"and (\S+) % \[0.0, 20.0\] of the HighlyKnown ones are forgotten", text) == ["10.0", "5.0"]


def test_the_category_ranking_is_stated_from_the_best_to_the_worst():
    table = example_tables.category_ranking()
    ranks = {name: rank for rank, name in enumerate(["Natural", *CATEGORIES], 1)}
    table["rank"] = table["train_set"].map(ranks)
    text = category_ranking.finding({"category_ranking": table})
    order = " 40.0 % [30.0, 50.0], ".join(ranks)
    assert f"at the best epoch {order}" in text and f"at the last epoch {order}" in text


def test_exposure_states_both_ends():
    text = exposure.finding({"exposure": example_tables.exposure(0.4, lowest=1)})
    assert text.startswith("40.0 % of the facts stated once are recalled as statements, and 25.0 % of their questions")
    assert "40.0 % of the facts stated 4 to 7 times are recalled" in text


def test_exposure_starts_with_unread_facts():
    text = exposure.finding({"exposure": example_tables.exposure(0.4)})
    assert text.startswith("40.0 % of the facts never stated are guessed as statements, and 25.0 % of their questions")
    assert "40.0 % of the facts stated once are recalled" in text and "0 times" not in text


def test_recall_states_the_auc_of_each_split():
    text = recall.finding({"recall": example_tables.recall(0.9)})
    assert "0.90 [0.90, 0.90] on 50 train facts (50.0 % [40.0, 60.0] recalled) and 0.90" in text
    assert text.count("AUC") == 1 and "guesses 10.0 % [0.0, 20.0] of 50 train facts and 10.0 %" in text
    assert "guesses" not in recall.finding({"recall": example_tables.recall(0.9, with_unread=False)})


def test_newly_known_states_train_questions_of_all_exposures():
    table = example_tables.newly_known(CHAINS[:2])
    is_stated = (table["category"] == "Unknown") & (table["split"] == "train") & table["low_exposure"].isna()
    table["share"] = np.where(is_stated, 0.25, 0.9)
    text = newly_known.finding({"newly_known": table})
    assert text.count("25.0 % [20.0, 40.0] under") == 3 and "90.0 %" not in text
    assert "under the base model, relabeled" in text and "under `a+b`" in text


def test_sharing_counts_the_rows_above_the_permutations():
    text = sharing.finding({"sharing": example_tables.sharing(CHAINS)})
    assert text.startswith("In 8 of 16 rows")


def test_never_learned_describes_the_strategy_that_trains_on_most_questions():
    table = example_tables.never_learned(FEW)
    table.loc[(table["strategy"] == "two_stage") & (table["factor"] == "all"), "questions"] = 1234
    table.loc[(table["epoch"] == "best") & (table["factor"] == "all"), "wrong"] = 0.25
    text = never_learned.finding({"never_learned": table})
    assert text.startswith("`two_stage` trains on most questions, 1,234, and still answers 20.0 % [10.0, 30.0] of them")
    assert "(25.0 % [10.0, 30.0] at its best)" in text and "HighlyKnown 20.0 %" in text
    assert text.endswith("Where the base model agreed on one wrong answer, it is 20.0 % [10.0, 30.0].")
    assert never_learned.finding({"never_learned": table[:0]}).startswith("No strategy trains on a question")


def test_trained_answers_state_the_share_of_the_largest_difference():
    text = trained_answers.finding({"trained_answers": example_tables.trained_answers(["a", "b", "c"])})
    assert text == (
        "The largest difference is +7.0 points (`b` against the base model); 60.0 % [40.0, 80.0] of it lies on the"
        " 25.0 % of the test questions that have a trained answer, where the difference is +10.0 [+5.0, +15.0]."
    )
    none = trained_answers.finding({"trained_answers": example_tables.trained_answers(["c"])})
    assert none.startswith("No difference of accuracy excludes 0")


def test_learning_curves_state_where_the_best_epochs_lie():
    text = learning_curves.finding({"learning_curves": example_tables.learning_curves(["1", "2"])})
    assert text.startswith("The best epochs of 8 training runs lie between 1 and 1 (median 1)")
    assert "from 41.0 % to 41.0 %" in text


def test_cost_and_time_state_the_total():
    table = example_tables.cost(FEW)
    table.loc[(table["strategy"] == "total") & (table["activity"] == "all"), ["generations", "steps"]] = 12_345, 678
    assert "generated 12,345 answers and took 678 optimizer steps" in cost.finding({"cost": table})
    rows = [("base", "all", 1, 2), ("total", "training", 3, 4), ("total", "all", 5678.9, 910)]
    times = pd.DataFrame(rows, columns=["strategy", "activity", "seconds", "peak_memory_mb"])
    assert "took 5,679 seconds; none used more than 910 MB" in time.finding({"time": times})


def test_relations_name_the_easiest_and_the_hardest():
    rows = [("base", "birthplace", 0.2), ("base", "employer", 0.4), ("base", "mother", 0.3), ("one", "employer", 0.9)]
    table = pd.DataFrame(rows, columns=["strategy", "relation", "accuracy"]).assign(low=0.1, high=0.5)
    text = relations.finding({"relations": table})
    assert text.startswith("Of 3 relations") and "most accurate on employer, 40.0 %" in text
    assert "least accurate on birthplace, 20.0 %" in text


def test_training_data_names_the_smallest_and_the_largest_set():
    rows = [("a", 1, 100), ("a", 2, 101), ("b", 1, 900), ("b", 1, 100)]
    table = pd.DataFrame(rows, columns=["checkpoint", "seed", "questions"])
    text = training_data.finding({"training_data": table})
    assert "of 2 stages hold between 100 questions (`a`) and 1,000 (`b`)" in text


def test_an_example_shows_the_answers_before_and_after():
    keys = ("category", "p_greedy", "zero_shot")
    row = {f"{name}_{when}": f"{name} {when} | x" for name in keys for when in ("before", "after")}
    row |= {"strategy": "two", "kind": "upgraded", "split": "heldout", "question": "Who?", "accepted": "Ann"}
    unanswered = row | {"kind": "forgotten", "p_greedy_before": 0.5, "zero_shot_after": np.nan}
    tables = {"examples": pd.DataFrame([row, row | {"question": "Second?"}, unanswered])}
    text = examples.details(tables)
    assert text.count("###") == 2 and plain("Who?") in text and "Second" not in text
    assert "No stage trained on this test question." in text
    cells = [[f"{name} {when} | x" for when in ("before", "after")] for name in keys]
    assert all(f"| {plain(before)} | {plain(after)} |" in text for before, after in cells)
    assert "| 0.5 |" in text and "nan" not in text
    assert examples.finding(tables) == "The table shows 2 upgraded and 1 forgotten questions."
