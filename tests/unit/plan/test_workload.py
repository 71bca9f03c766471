"""The input of a plan: the trained checkpoints, the batches, and the lengths of the texts."""


def test_a_checkpoint_outside_the_strategies_whose_steps_are_matched_is_trained(workload):
    names = workload.trained_checkpoints
    assert set(names) == {f"{chain}/seed1" for chain in ("first", "first+second", "first+replayed", "first+continued")}
    assert names.index("first+replayed/seed1") < names.index("first+continued/seed1")


def test_stages_outside_the_strategies_are_not_trained(changed):
    workload = changed(strategies={"continued": ["first"]})
    assert set(workload.trained_checkpoints) == {"first/seed1", "first+second/seed1"}


def test_the_largest_batch_of_each_method_counts(changed, workload):
    stages = workload.config["stages"]
    assert workload.batch_sizes == {"lora": 8}
    assert changed(stages={"second": stages["second"] | {"batch_size": 32}}).batch_sizes == {"lora": 32}
    assert changed(strategies={"full": ["unused"]}).batch_sizes == {"lora": 8, "full": 8}
    assert changed(strategies={"full": ["unused"]}).trainable["full"] == workload.spec.parameters


def test_lengths_are_those_of_the_texts(workload):
    lengths = workload.lengths
    [exemplars] = workload.encoder.encode_prompts([workload.label_prompts["text"].iloc[0]])
    assert abs(lengths.exemplars - len(exemplars)) < 5
    assert 0 < lengths.question < lengths.exemplars and lengths.answer > 1 and lengths.statement > 0
