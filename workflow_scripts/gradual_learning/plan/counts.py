"""The work of each rule, counted before it runs: jobs, answers, tokens, training steps, bytes and seconds.

The questions and the configuration determine most numbers. The run itself decides how many questions a stage selects,
when early stopping ends it, and how far samples are drawn. The work is therefore counted twice: as expected, under the
assumptions below, and at most.
"""

import math
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import pandas as pd

from gradual_learning.data.prompts import validation_questions
from gradual_learning.data.subsets import TRACKED, choose_questions
from gradual_learning.plan.calibration import Timings
from gradual_learning.plan.cost import Cost
from gradual_learning.plan.stages import StageWork, assumed_labels, count_stages
from gradual_learning.plan.workload import Workload
from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import KNOWLEDGE, Category

SAMPLED_SHARE = 0.3  # of the prompts of a WeaklyKnown question: lazy sampling stops at the first correct sample
UNPRUNED_SHARE = 0.1  # of the sampled tokens: pruned samples end as soon as they can no longer be correct
LIGHT_JOB = 1.5  # seconds of a job that runs no model
REPORTS = 4  # jobs: summary, methods, pages and knowledge.parquet
TOKEN_BYTES = 2  # of an answer on disk, compressed
ROW_BYTES = 40  # on disk, per answer: the id of its question and its evaluation
WEIGHT_BYTES = 4  # trained weights are stored in fp32
RESUME_BYTES = 3 * WEIGHT_BYTES  # on disk while a stage trains, per weight: with the two moments of AdamW


@dataclass(frozen=True)
class Work:
    """The work of all jobs of one rule."""

    rule: str
    jobs: int
    generations: float = 0  # answers
    tokens_read: float = 0
    tokens_written: float = 0
    training_steps: float = 0
    disk_bytes: float = 0
    seconds: float = 0  # of one job after another
    runs_model: bool = True


@dataclass(frozen=True, eq=False)
class Plan:
    """The work of an experiment, either as expected or at most.

    Attributes:
        workload: the experiment.
        timings: seconds on this machine.
        known_labels: category of each train question under the base model by id; None before they are labeled.
        subjects: number of tables and figures.
        is_upper_bound: whether to count the most work that is possible.
    """

    workload: Workload
    timings: Timings
    known_labels: pd.Series | None
    subjects: int
    is_upper_bound: bool

    @cached_property
    def work(self) -> pd.DataFrame:
        """The fields of :class:`Work` for each rule, in the order of the run, with the rule as index."""
        spec, lengths = self.workload.spec, self.workload.lengths
        recall = self._greedy("measure_fact_recall", 1, len(spec.statements), lengths.statement)
        rows = [
            *([self._pretraining(), recall] if spec.is_pretrained else [self._download()]),
            *self._queries(),
            self._training(),
            self._light_jobs(),
        ]
        return pd.DataFrame([row for row in rows if row.jobs]).set_index("rule")

    @cached_property
    def labels(self) -> pd.Series:
        """The known or assumed category of each train question under the base model, by id."""
        assumed = assumed_labels(self.workload.questions)
        return assumed if self.known_labels is None else self.known_labels.reindex(assumed.index)

    @cached_property
    def stages(self) -> dict[str, StageWork]:
        """The training of each checkpoint."""
        return count_stages(self.workload, self.labels, self.known_labels is not None, self.is_upper_bound)

    def concurrent_jobs(self, cores: int, gpus: int) -> pd.Series:
        """Return the number of jobs of each rule that run at a time: one per GPU if they run a model, or per core."""
        limits = self.work["runs_model"].map({True: gpus or cores, False: cores})
        return self.work["jobs"].clip(lower=1, upper=limits)

    def run_time(self, cores: int, gpus: int) -> float:
        """Return the seconds of all rules one after another."""
        return float((self.work["seconds"] / self.concurrent_jobs(cores, gpus)).sum())

    def _count(self, *splits: str) -> int:
        heldout = self.workload.config["evaluation"]["heldout_questions"]
        return sum(len(choose_questions(self.workload.questions, split, heldout, seed=0)) for split in splits)

    @property
    def _answer_tokens(self) -> float:
        longest = self.workload.config["knowledge"]["max_new_tokens"]
        return longest if self.is_upper_bound else min(self.workload.lengths.answer, longest)

    @property
    def _costs(self) -> dict[str, Cost]:
        return self.timings.at_most if self.is_upper_bound else self.timings.expected

    def _download(self) -> Work:
        spec = self.workload.spec
        size = 0 if spec.is_linked else spec.stored_bytes
        return Work("fetch_base_model", 1, disk_bytes=size, runs_model=False)

    def _pretraining(self) -> Work:
        spec = self.workload.spec
        steps = math.ceil(len(spec.sequences) / self.workload.config["pretraining"]["batch_size"])
        return Work(
            "pretrain_base_model",
            1,
            tokens_read=spec.sequences.numel(),
            training_steps=steps,
            disk_bytes=spec.parameters * (WEIGHT_BYTES + RESUME_BYTES),
            seconds=self.timings.start + steps * self.timings.pretraining_step,
        )

    def _greedy(self, rule: str, jobs: int, prompts: int, length: float) -> Work:
        """Count greedy answers to prompts without exemplars, which have a mean length in tokens."""
        return self._answers(rule, jobs, prompts, prompts * length, self._costs["zero_shot"].seconds(prompts, jobs))

    def _answers(
        self, rule: str, jobs: int, prompts: int, read: float, seconds: float, samples: float = 0, drawn: float = 1
    ) -> Work:
        """Count a greedy answer to each prompt, and samples of whose tokens a share is drawn."""
        written = (prompts + samples * drawn) * self._answer_tokens
        return Work(
            rule,
            jobs,
            generations=prompts + samples,
            tokens_read=read,
            tokens_written=written,
            disk_bytes=written * TOKEN_BYTES + prompts * ROW_BYTES,
            seconds=jobs * self.timings.start + seconds,
        )

    def _queries(self) -> list[Work]:
        """Count the answers of the base model, and of checkpoints that one job or two query few-shot and zero-shot."""
        config, experiment = self.workload.config, self.workload.experiment
        relabeled = experiment.relabeled_checkpoints()
        together = relabeled if config["knowledge"]["engine"] == "native" else []
        apart = set(experiment.final_checkpoints()) - set(together)
        at_base = ["at_base", *(["relabel"] if config["evaluation"]["relabel"] else [])]
        after_stage = ["after_stage"] * len(relabeled)
        count = len(together)
        few_shot, zero_shot = self._few_shot("", after_stage[:count]), self._zero_shot("", count, 2 * count)
        return [
            self._few_shot("answer_few_shot", at_base + after_stage[count:]),
            self._zero_shot("answer_zero_shot", 1 + len(apart), 1 + 2 * len(apart)),
            self._joined("query_checkpoint", few_shot, zero_shot),
        ]

    def _joined(self, rule: str, first: Work, second: Work) -> Work:
        """Join the work of two jobs in one, which starts once."""
        amounts = [field.name for field in fields(Work) if field.name not in ("rule", "jobs", "runs_model")]
        sums = {name: getattr(first, name) + getattr(second, name) for name in amounts}
        sums["seconds"] -= second.jobs * self.timings.start
        return Work(rule, first.jobs, **sums)

    def _zero_shot(self, rule: str, checkpoints: int, epochs: int) -> Work:
        """Count the answers at the best and the last epoch of checkpoints; the base model has one epoch."""
        prompts = epochs * self._count("train", "test")
        return self._greedy(rule, checkpoints * self.workload.shards, prompts, self.workload.lengths.zero_shot)

    def _few_shot(self, rule: str, splits: list[str]) -> Work:
        """Count the answers that label the questions; a likelihood takes about as long as a greedy answer."""
        config, workload = self.workload.config, self.workload
        is_likelihood, sets = config["knowledge"]["estimator"] == "likelihood", config["knowledge"]["exemplar_sets"]
        jobs, prompts = len(splits) * workload.shards, self._count(*splits) * sets
        sampled = 0 if is_likelihood else prompts * self._sampled_share
        drawn = UNPRUNED_SHARE if workload.sampling == "pruned" and not self.is_upper_bound else 1
        reads_twice = workload.sampling == "lazy" and not is_likelihood  # for the greedy answers, then for the samples
        questions = prompts + sampled * reads_twice
        groups = jobs * workload.questions["relation"].nunique() * sets  # of prompts with the same exemplars
        greedy, all_drawn = self._costs["greedy"], self._costs["sampled"]
        if reads_twice or is_likelihood:
            seconds = greedy.seconds(prompts, groups) + all_drawn.seconds(sampled, groups if sampled else 0)
        else:
            seconds = greedy.between(all_drawn, drawn).seconds(prompts, groups)
        return self._answers(
            rule,
            jobs,
            prompts,
            read=questions * workload.lengths.question + groups * (1 + reads_twice) * workload.lengths.exemplars,
            seconds=seconds,
            samples=sampled * config["knowledge"]["samples_per_prompt"],
            drawn=drawn,
        )

    @property
    def _sampled_share(self) -> float:
        """Share of the prompts that are sampled: lazy sampling leaves out questions with a correct greedy answer."""
        if self.is_upper_bound or self.workload.sampling != "lazy":
            return 1
        share = self.labels.value_counts(normalize=True)
        return share.get(Category.UNKNOWN, 0) + SAMPLED_SHARE * share.get(Category.WEAKLY_KNOWN, 0)

    def _training(self) -> Work:
        stages, lengths = self.stages.values(), self.workload.lengths
        validation = len(validation_questions(self.workload.questions, self.workload.prompts))
        # before the first epoch and after every epoch
        answers = sum((stage.epochs + 1) * (validation + min(stage.questions, TRACKED)) for stage in stages)
        examples = sum(stage.steps * stage.batch_size for stage in stages)
        seconds = sum(
            self.timings.trained[stage.method].seconds(stage.steps * stage.batch_size, stage.steps) for stage in stages
        )
        evaluations = sum(stage.epochs + 1 for stage in stages)
        weights = [self.workload.trainable[stage.method] for stage in stages]
        return Work(
            "finetune",
            len(stages),
            generations=answers,
            tokens_read=examples * (lengths.zero_shot + lengths.answer) + answers * lengths.zero_shot,
            tokens_written=answers * self._answer_tokens,
            training_steps=sum(stage.steps for stage in stages),
            # the best and the last epoch of every stage, and two checkpoints from which one stage resumes
            disk_bytes=2 * WEIGHT_BYTES * sum(weights) + 2 * RESUME_BYTES * max(weights),
            seconds=len(stages) * self.timings.start + seconds + self._costs["zero_shot"].seconds(answers, evaluations),
        )

    def _light_jobs(self) -> Work:
        """Count the jobs that run no model: data, labels, training sets, evaluations, tables, figures and reports."""
        config, experiment = self.workload.config, self.workload.experiment
        is_world_real = config["model"]["source"] == "pretrain" and config["data"]["source"] != "simulated"
        finals = len(experiment.final_checkpoints())
        labels = 3 + config["evaluation"]["relabel"] + 2 * len(experiment.relabeled_checkpoints())
        jobs = 3 + is_world_real + labels + len(self.stages) + 1 + finals + self.subjects + REPORTS
        rows = (2 * finals + 1) * self._count("train", "test")
        return Work("all others", jobs, disk_bytes=rows * ROW_BYTES, seconds=jobs * LIGHT_JOB, runs_model=False)


def read_labels(path: str | Path) -> pd.Series | None:
    """Return the category of each train question under the base model by id, or None before they are labeled."""
    return read_table(path, KNOWLEDGE).set_index("id")["category"] if Path(path).is_file() else None
