"""The plan: what is counted exactly, what lies between expected and at most, what is checked, how time is measured."""

from dataclasses import replace

import pandas as pd
import pytest

from gradual_learning import records
from gradual_learning.plan import counts, page, prerequisites
from gradual_learning.plan.counts import Plan
from gradual_learning.plan.workload import Amount, Experiment, Lengths, Pace, Sizes, StagePlan, exactly, summed
from gradual_learning.selection import Stage

LENGTHS = Lengths(examples=40, question=10, zero_shot=12, answer=3, statement=5)
SIZES = Sizes(1000, {"lora": 10, "full": 1000}, 4000, facts=0, pretraining_tokens=0, pretraining_steps=0)
PACE = Pace(1.0, exactly(0.01), exactly(0.02), exactly(0.005), {"lora": 0.001, "full": 0.002}, 0.0)
MAYBE, REPLAY = Stage(now=("MaybeKnown",)), Stage(now=("MaybeKnown",), replay=(("HighlyKnown", 0.2),))


def stage(selects, **settings):
    return StagePlan(
        **{"size_of": None, "steps_as": None, "method": "lora", "batch_size": 8, "max_epochs": 20, "patience": 4}
        | {"selects": selects}
        | settings
    )


STAGES = {
    "first": stage(MAYBE),
    "second": stage(MAYBE),
    "replayed": stage(REPLAY),
    "continued": stage(Stage(at_base=("MaybeKnown",)), steps_as="replayed"),
}


def experiment(**changes):
    settings = {
        "stages": STAGES,
        "estimator": "sampling",
        "mode": "lazy",
        "exemplar_sets": 10,
        "samples": 16,
        "max_new_tokens": 8,
        "trained": ["first/seed1", "first+second/seed1", "first+continued/seed1"],
        "labelled": ["first/seed1", "first+second/seed1", "first+continued/seed1"],
        "finals": ["first+second/seed1", "first+continued/seed1"],
        "retest": True,
        "probe_questions": 20,
        "shards": 1,
        "data_jobs": 3,
        "outcomes": 16,
    }
    return Experiment(**settings | changes)


def table(train=200, dev=40, test=100):
    parts = [split for split, count in (("train", train), ("dev", dev), ("test", test)) for _ in range(count)]
    relations = ["P17" if place % 4 else "P19" for place in range(len(parts))]
    return pd.DataFrame({"id": [f"{n:016x}" for n in range(len(parts))], "relation": relations, "split": parts})


def plan(base=None, lengths=LENGTHS, sizes=SIZES, questions=None, **changes):
    return Plan(experiment(**changes), table() if questions is None else questions, 30, base, lengths, sizes, PACE)


def by_rule(planned):
    return {part.rule: part for part in planned.work()}


def test_amounts_add_and_multiply_by_bound():
    assert Amount(1, 3) + exactly(2) == Amount(3, 5)
    assert Amount(1, 3) * 2 == Amount(2, 6) and Amount(1, 3) * Amount(2, 3) == Amount(2, 9)


def test_greedy_answers_are_counted_exactly():
    part = by_rule(plan(samples=0))["sample_answers"]
    train, test, probe = 200, 100, 20
    assert part.generations == exactly(10 * (2 * train + test + 3 * (train + probe)))
    assert part.jobs == 6 and by_rule(plan(samples=0, shards=4))["sample_answers"].jobs == 24
    without = by_rule(plan(samples=0, retest=False))["sample_answers"]
    assert part.generations.expected - without.generations.expected == 10 * train


def test_full_mode_draws_every_sample_and_lazy_mode_at_most_as_many():
    pruned, lazy, full = (by_rule(plan(mode=mode))["sample_answers"] for mode in ("pruned", "lazy", "full"))
    assert pruned.tokens_written.expected < lazy.tokens_written.expected < full.tokens_written.expected
    assert pruned.generations == full.generations and pruned.tokens_read == full.tokens_read
    assert full.generations == exactly(full.generations.at_most) and full.generations.at_most % 17 == 0
    assert lazy.generations.expected < lazy.generations.at_most == full.generations.at_most
    assert lazy.tokens_read.at_most > full.tokens_read.at_most, "greedy answers and samples are read for apart"


def test_lazy_mode_draws_nothing_where_everything_is_known():
    known = pd.Series("HighlyKnown", index=table()["id"][:200])
    part = by_rule(plan(base=known))["sample_answers"]
    assert part.generations.expected == by_rule(plan(samples=0))["sample_answers"].generations.expected


def test_scored_answers_take_one_reading_and_no_sample():
    part, greedy = by_rule(plan(estimator="likelihood"))["score_answers"], by_rule(plan(samples=0))["sample_answers"]
    assert part.jobs == greedy.jobs and part.generations == greedy.generations
    assert part.seconds.at_most <= greedy.seconds.at_most and part.tokens_read.at_most < greedy.tokens_read.at_most


def test_without_shards_whatever_is_asked_with_examples_is_asked_without_them_first():
    assert by_rule(plan(shards=1))["answer_zero_shot"].jobs == 3
    assert by_rule(plan(shards=2))["answer_zero_shot"].jobs == 2, "the ends of the strategies"


def test_a_sibling_outside_the_strategies_is_trained_too():
    planned = plan()
    assert set(planned.trainings) == {*experiment().trained, "first+replayed/seed1"}
    assert planned.trainings["first+continued/seed1"].steps == planned.trainings["first+replayed/seed1"].steps
    assert set(counts.used_stages(planned.experiment)) == set(STAGES)
    alone = plan(trained=["first/seed1"], labelled=[], finals=["first/seed1"])
    assert set(alone.trainings) == {"first/seed1"} and set(counts.used_stages(alone.experiment)) == {"first"}


def test_sorted_questions_make_the_first_stage_exact():
    ids = table()["id"][:200]
    base = pd.Series(["MaybeKnown"] * 30 + ["Unknown"] * 170, index=ids)
    trainings = plan(base=base).trainings
    assert trainings["first/seed1"].questions == exactly(30)
    assert trainings["first+second/seed1"].questions == Amount(30, 200), "what is MaybeKnown later, nobody knows yet"
    assert trainings["first+continued/seed1"].questions == exactly(30), "it takes what was MaybeKnown at base"
    assert plan().trainings["first/seed1"].questions.at_most == 200


def test_replay_adds_its_share():
    trainings = plan().trainings
    more, fewer = trainings["first+replayed/seed1"].questions, trainings["first+second/seed1"].questions
    assert more.expected == fewer.expected + round(0.2 * fewer.expected)


def test_epochs_end_with_patience_and_at_most_with_all():
    run = plan().trainings["first/seed1"]
    assert run.epochs == Amount(counts.BEST_EPOCH + 4, 20)
    assert run.steps.expected == run.epochs.expected * -(-run.questions.expected // 8)
    short = plan(stages=STAGES | {"first": stage(MAYBE, max_epochs=3)})
    assert short.trainings["first/seed1"].epochs == exactly(3)


def test_nothing_selected_trains_nothing():
    planned = plan(base=pd.Series("Unknown", index=table()["id"][:200]), trained=["first/seed1"])
    assert planned.trainings["first/seed1"].steps == exactly(0)
    assert by_rule(planned)["finetune"].training_steps == exactly(0)


@pytest.mark.parametrize("changes", [{}, {"mode": "full"}, {"sizes": replace(SIZES, pretraining_steps=5, facts=9)}])
def test_nothing_expected_is_more_than_at_most(changes):
    frame = page.table(plan(**changes).work())
    for column, _ in page.COLUMNS.values():
        assert (frame[column] <= frame[f"{column}_at_most"]).all(), column


def test_categories_are_dealt_in_their_shares():
    share = plan(questions=table(train=4000)).base.value_counts(normalize=True)
    assert all(abs(share[name] - expected) < 0.005 for name, expected in counts.SHARES.items())


def test_known_categories_are_read_if_they_are_there(tmp_path):
    assert counts.read_categories(tmp_path / "train.parquet") is None
    row = {"id": ["a"], "relation": ["P17"], "category": ["Unknown"], "p0": [0.0], "ps": [None]}
    drawn = {name: [1] for name in records.KNOWLEDGE.names if name.endswith(("_correct", "_drawn"))}
    records.write_table(pd.DataFrame(row | drawn), records.KNOWLEDGE, tmp_path / "train.parquet")
    assert counts.read_categories(tmp_path / "train.parquet").to_dict() == {"a": "Unknown"}


def test_jobs_side_by_side_take_less_time():
    work = plan().work()
    alone, two = counts.wall_clock(work, 1, 0), counts.wall_clock(work, 2, 0)
    assert alone.expected == pytest.approx(summed(work).seconds.expected)
    assert alone.expected / 2 <= two.expected < alone.expected
    on_gpu = counts.wall_clock(work, 16, 1)
    assert on_gpu.expected > counts.wall_clock(work, 16, 0).expected, "one card runs one job at a time"


def test_disk_check_says_what_is_missing(tmp_path):
    (tmp_path / "there").write_bytes(b"x" * 10_000)
    assert prerequisites.check_disk(5_000, tmp_path).passed, "what is written already needs no room"
    full = prerequisites.check_disk(1e18, tmp_path)
    assert not full.passed and "GB free in" in full.found and "pathvars.results" in full.remedy


def test_device_check_counts_jobs_side_by_side():
    card = prerequisites.Device("a card", int(24e9), 1)
    assert prerequisites.check_device(card, 20e9, 1).passed
    small = prerequisites.check_device(card, 30e9, 1)
    assert not small.passed and "30.0 GB needed" in small.found and "model.quantization" in small.remedy
    processor = replace(card, gpus=0)
    assert prerequisites.check_device(processor, 10e9, 2).passed
    assert not prerequisites.check_device(processor, 10e9, 3).passed


def test_question_check_names_the_split_that_is_empty():
    assert prerequisites.check_questions(table()).passed
    empty = prerequisites.check_questions(table(test=0))
    assert not empty.passed and "no test question" in empty.remedy
    with pytest.raises(records.UserError, match=r"200 train.*no test question"):
        prerequisites.insist([empty])


def test_page_names_what_to_do_only_where_a_check_failed(tmp_path):
    work = plan().work()
    good = prerequisites.Check("model", True, "it is there", "buy one")
    bad = prerequisites.Check("disk", False, "it is full", "free some")
    told = page.write([good, bad], work, counts.wall_clock(work, 2, 0), "here", ["An assumption."])
    assert "What to do about disk: free some." in told and "buy one" not in told
    assert all(f"| {part.rule} " in told for part in work) and "- An assumption." in told
    tables = [[line for line in part.splitlines() if line.startswith("|")] for part in told.split("\n\n")]
    assert all(len({len(line) for line in lines}) <= 1 for lines in tables), "columns line up on a terminal"


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0"), (9999, "9,999"), (12_345, "12.3 k"), (2_030_000, "2.03 M"), (7.6e9, "7.6 G")]
)
def test_numbers_for_people(number, told):
    assert prerequisites.quantity(number) == told


@pytest.mark.parametrize(("seconds", "told"), [(8.2, "8 s"), (90, "1.5 min"), (7200, "2.0 h")])
def test_durations_for_people(seconds, told):
    assert page.duration(seconds) == told
