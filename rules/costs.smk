"""Which files tell what each checkpoint cost."""


def counted_parts():
    """List what each checkpoint left to count its cost by: checkpoint, activity, file."""
    sorted_ = [("base", split) for split in ("train", "test", *(["retest"] if config["evaluation"]["retest"] else []))]
    sorted_ += [(checkpoint, split) for checkpoint in labelled() for split in ("train", "probe")]
    asked = [("base", split) for split in ("train", "test")]
    epochs = ("", "convergence/")
    asked += [(end, f"{epoch}{split}") for end in finals() for epoch in epochs for split in ("train", "test")]
    return [
        *((name, "labelling", f"<results>/categories/{name}/{split}.parquet") for name, split in sorted_),
        *((name, "training", f"<results>/checkpoints/{name}/summary.json") for name in trained()),
        *((name, "evaluation", f"<results>/evaluation/{name}/{split}.parquet") for name, split in asked),
    ]


def timed_parts():
    """List the jobs that run a model: checkpoint, activity, benchmark file."""
    asking = {"sampling": "sample_answers", "likelihood": "score_answers"}[config["knowledge"]["estimator"]]
    at_base = ["train", "test", *(["retest"] if config["evaluation"]["retest"] else [])]
    asked = [("base", split) for split in at_base] + [(checkpoint, "again") for checkpoint in labelled()]
    zero_shot = dict.fromkeys(["base", *finals(), *(labelled() if is_whole() else [])])
    pretraining = ["pretrain_base_model", "recall_statements"] if is_pretrained() else []
    return [
        *(("base", "pretraining", f"<benchmarks>/{name}.tsv") for name in pretraining),
        *(
            (name, "labelling", file)
            for name, split in asked
            for file in gather.shards(f"<benchmarks>/{asking}/{name}/{split}/{{scatteritem}}.tsv")
        ),
        *((name, "training", f"<benchmarks>/finetune/{name}.tsv") for name in trained()),
        *((name, "evaluation", f"<benchmarks>/answer_zero_shot/{name}.tsv") for name in zero_shot),
    ]
