"""What an experiment will take, counted before it runs: jobs, generations, tokens, training steps, bytes, seconds.

Sizes that the questions and the configuration fix are counted exactly. What only the run itself decides (how many
questions are of which category, how many prompts lazy mode samples, when early stopping ends) is given twice: as
expected, under the assumptions named below, and as the most that it can come to.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from gradual_learning import records, selection
from gradual_learning.plan.workload import (
    DISTINCT,
    Amount,
    Experiment,
    Lengths,
    Pace,
    Sizes,
    StagePlan,
    Work,
    exactly,
    total,
)
from gradual_learning.records import CATEGORIES, Category
from gradual_learning.splits import TRACKED, choose_questions

SHARES = dict(zip(CATEGORIES, (0.24, 0.25, 0.17, 0.34), strict=True))  # Gekhman et al. 2024, their test questions
BEST_EPOCH = 5  # after which patience runs out
HIT = 0.3  # of its prompts that lazy mode samples until a WeaklyKnown question is hit
FOLLOWED = 0.1  # of what samples take, what is left where they are drawn only while they can become right
LIGHT_JOB = 1.5  # seconds of a job that runs no model
BYTES_PER_TOKEN = 2  # of a written answer on the disk, packed
BYTES_PER_ROW = 40  # of a question's id, answer and judgement beside the answer itself
BYTES_PER_WEIGHT = 4  # adapters and trained weights are kept in fp32
BYTES_TO_RESUME = 3 * BYTES_PER_WEIGHT  # a weight and the two moments of AdamW, kept while a stage trains


@dataclass(frozen=True)
class Training:
    """One stage of one checkpoint."""

    questions: Amount
    steps: Amount
    epochs: Amount
    batch_size: int
    method: str


class Plan:
    """Counts the work of an experiment.

    Args:
        experiment: what is to be done.
        questions: columns of ``records.QUESTIONS``.
        validation: how many questions choose the best epoch.
        base: the category of every training question under the base model by id, where that is known.
        lengths: of the texts.
        sizes: of the model.
        pace: of the machine.
    """

    def __init__(
        self,
        experiment: Experiment,
        questions: pd.DataFrame,
        validation: int,
        base: pd.Series | None,
        lengths: Lengths,
        sizes: Sizes,
        pace: Pace,
    ) -> None:
        self.experiment, self.questions, self.validation = experiment, questions, validation
        self.lengths, self.sizes, self.pace = lengths, sizes, pace
        self.asked = questions["split"].value_counts().reindex(["train", "dev", "test"], fill_value=0)
        self.is_sorted = base is not None
        ids = questions.loc[questions["split"] == "train", "id"].sort_values()
        self.base = base.reindex(ids) if base is not None else _deal(ids)

    def work(self) -> list[Work]:
        """Return what every rule comes to, in the order in which they run."""
        model = [self._pretrain(), self._recall()] if self.sizes.pretraining_steps else [self._fetch()]
        return [*model, self._sample(), self._finetune(), self._zero_shot_base(), self._zero_shot(), self._others()]

    def _fetch(self) -> Work:
        return Work("fetch_base_model", 1, disk_bytes=exactly(self.sizes.fetched_bytes), runs_model=False)

    def _pretrain(self) -> Work:
        kept = exactly(self.sizes.parameters * (BYTES_PER_WEIGHT + BYTES_TO_RESUME))
        return Work(
            "pretrain_base_model",
            1,
            tokens_read=exactly(self.sizes.pretraining_tokens),
            training_steps=exactly(self.sizes.pretraining_steps),
            disk_bytes=kept,
            seconds=exactly(self.pace.start + self.sizes.pretraining_steps * self.pace.pretraining_step),
        )

    def _recall(self) -> Work:
        return self._greedy("recall_statements", 1, exactly(self.sizes.facts), self.lengths.statement)

    def _greedy(self, rule: str, jobs: int, prompts: Amount, length: float) -> Work:
        written = prompts * self._answer_length
        return Work(
            rule,
            jobs,
            generations=prompts,
            tokens_read=prompts * length,
            tokens_written=written,
            disk_bytes=written * BYTES_PER_TOKEN + prompts * BYTES_PER_ROW,
            seconds=exactly(jobs * self.pace.start) + prompts * self.pace.zero_shot,
        )

    @property
    def _answer_length(self) -> Amount:
        most = self.experiment.max_new_tokens
        return Amount(min(self.lengths.answer, most), most)

    def _sample(self) -> Work:
        labellings = ["train", "test", *(["retest"] if self.experiment.retest else [])]
        labellings += ["again"] * len(self.experiment.labelled)
        prompts = total(self._asked_in(split) for split in labellings) * self.experiment.exemplar_sets
        sampled = prompts * self._sampled_share
        jobs = len(labellings) * self.experiment.shards
        generations = prompts + sampled * self.experiment.samples
        followed = exactly(1) if self.experiment.mode != "pruned" else Amount(FOLLOWED, 1)
        written = (prompts + sampled * self.experiment.samples * followed) * self._answer_length
        sets = self.questions["relation"].nunique() * self.experiment.exemplar_sets
        examples = jobs * sets * (1 if self._reads_once else 2) * self.lengths.examples
        readings = prompts if self._reads_once else prompts + sampled
        return Work(
            "score_answers" if self._is_scored else "sample_answers",
            jobs,
            generations=generations,
            tokens_read=readings * self.lengths.question + exactly(examples),
            tokens_written=written,
            disk_bytes=written * BYTES_PER_TOKEN + prompts * BYTES_PER_ROW,
            seconds=exactly(jobs * self.pace.start)
            + prompts * self.pace.greedy
            + sampled * followed * self.pace.sampled,
        )

    def _asked_in(self, split: str) -> Amount:
        return exactly(len(choose_questions(self.questions, split, self.experiment.probe_questions, seed=0)))

    @property
    def _is_scored(self) -> bool:
        return self.experiment.estimator == "likelihood"

    @property
    def _reads_once(self) -> bool:
        """Tell whether one reading of a prompt serves for all that is asked of it."""
        return self._is_scored or self.experiment.mode != "lazy"

    @property
    def _sampled_share(self) -> Amount:
        """Of all prompts, those that samples are drawn of; lazy mode leaves out what is right already.

        Where accepted answers are scored nothing is: they take a tenth more than the greedy answer beside them.
        """
        if self._is_scored:
            return exactly(0)
        if self.experiment.mode != "lazy":
            return exactly(1)
        share = self.base.value_counts(normalize=True)
        return Amount(share.get(Category.UNKNOWN, 0) + HIT * share.get(Category.WEAKLY_KNOWN, 0), 1)

    @cached_property
    def trainings(self) -> dict[str, Training]:
        """What every checkpoint trains on and how long, the siblings whose steps are taken over included."""
        found: dict[str, Training] = {}
        for name in self.experiment.trained:
            self._train(name, found)
        return found

    def _train(self, name: str, found: dict[str, Training]) -> Training:
        if name not in found:
            chain, _, seed = name.rpartition("/")
            *parents, last = chain.split("+")
            stage, chosen = self.experiment.stages[last], self._selected(last, bool(parents))
            per_epoch = Amount(*(-(-round(n) // stage.batch_size) for n in (chosen.expected, chosen.at_most)))
            if stage.steps_as is None:
                epochs = Amount(min(stage.max_epochs, BEST_EPOCH + stage.patience), stage.max_epochs)
                steps = per_epoch * epochs
            else:
                steps = self._train(f"{'+'.join([*parents, stage.steps_as])}/{seed}", found).steps
                # the fewer questions, the more often they are gone through: at most once a step
                epochs = Amount(steps.expected / max(per_epoch.expected, 1), steps.at_most)
            found[name] = Training(chosen, steps, epochs, stage.batch_size, stage.method)
        return found[name]

    def _selected(self, name: str, is_later: bool) -> Amount:
        """Count a stage's questions; a later stage is expected to find as many of each category, but other ones."""
        stage = self.experiment.stages[name]
        now = self.base.sample(frac=1, random_state=0).to_numpy() if is_later else self.base.to_numpy()
        relations = self.questions.set_index("id")["relation"].reindex(self.base.index)
        categories = {"category_now": now, "category_at_base": self.base.to_numpy()}
        known = pd.DataFrame({"id": self.base.index, "relation": relations.to_numpy(), **categories})
        expected = len(selection.select(known, stage.selects, stage.size_of, name))
        chosen = stage.selects
        at_base_alone = not (chosen.now or chosen.balanced or chosen.replay or chosen.random_from)
        is_known = self.is_sorted and (not is_later or at_base_alone)
        return Amount(expected, expected if is_known else len(known))

    def _finetune(self) -> Work:
        runs = list(self.trainings.values())
        trained = [run.steps * run.batch_size for run in runs]
        asked = total((run.epochs + exactly(1)) * self._checked(run.questions) for run in runs)
        kept = 2 * BYTES_PER_WEIGHT * sum(self.sizes.trainable[run.method] for run in runs)
        largest = max((self.sizes.trainable[run.method] for run in runs), default=0)
        training = total(n * self.pace.trained[run.method] for n, run in zip(trained, runs, strict=True))
        return Work(
            "finetune",
            len(runs),
            generations=asked,
            tokens_read=total(trained) * (self.lengths.zero_shot + self.lengths.answer)
            + asked * self.lengths.zero_shot,
            tokens_written=asked * self._answer_length,
            training_steps=total(run.steps for run in runs),
            disk_bytes=exactly(kept + 2 * BYTES_TO_RESUME * largest),
            seconds=exactly(len(runs) * self.pace.start) + training + asked * self.pace.zero_shot,
        )

    def _checked(self, questions: Amount) -> Amount:
        tracked = Amount(min(questions.expected, TRACKED), min(questions.at_most, TRACKED))
        return exactly(self.validation) + tracked

    def _zero_shot_base(self) -> Work:
        asked = exactly(self.asked["train"] + self.asked["test"])
        return self._greedy("answer_zero_shot_base", 1, asked, self.lengths.zero_shot)

    def _zero_shot(self) -> Work:
        # without shards, what is asked with examples is asked without them first, at the end of a strategy or not
        in_turn = self.experiment.labelled if self.experiment.shards == 1 else []
        jobs = len({*self.experiment.finals, *in_turn})
        # at the best epoch and at the last
        asked = exactly(2 * jobs * (self.asked["train"] + self.asked["test"]))
        return self._greedy("answer_zero_shot", jobs, asked, self.lengths.zero_shot)

    def assumptions(self) -> list[str]:
        """Say in sentences what the expected numbers rest on."""
        share = self.base.value_counts(normalize=True).reindex(CATEGORIES, fill_value=0)
        shares = ", ".join(f"{value:.0%} {name}" for name, value in share.items())
        origin = "as the base model's questions were sorted" if self.is_sorted else "as in Gekhman et al. 2024"
        left_out = {
            "full": "Every sample of every prompt is drawn.",
            "pruned": f"Samples are drawn while they can become right: {FOLLOWED:.0%} of their tokens. At most: all.",
            "lazy": f"Lazy mode samples every prompt of an Unknown question and {HIT:.0%} of those of a WeaklyKnown "
            "one. At most: every prompt.",
        }
        return [
            f"Train questions: {shares}, {origin}; later stages find as many of each, but other questions.",
            f"Training stops early: the best epoch is number {BEST_EPOCH}, patience runs out behind it. At most: all "
            "epochs, on all train questions.",
            left_out[self.experiment.mode],
            f"Answers are as long as the accepted ones ({self.lengths.answer:.1f} tokens), and of the samples of a "
            f"prompt {DISTINCT:.0%} are distinct. At most: knowledge.max_new_tokens, and all.",
            f"A process that runs the model is {self.pace.start:.1f} s old when it begins.",
            "Downloading is not timed. Nothing is taken off for what is finished already.",
        ]

    def _others(self) -> Work:
        experiment = self.experiment
        sorting = 3 + experiment.retest + 2 * len(experiment.labelled)
        judging = 1 + len(experiment.finals)
        jobs = experiment.data_jobs + sorting + len(self.trainings) + judging + experiment.outcomes
        judged = (2 * len(experiment.finals) + 1) * (self.asked["train"] + self.asked["test"])
        return Work(
            "all others",
            jobs,
            disk_bytes=exactly(judged * BYTES_PER_ROW),
            seconds=exactly(jobs * LIGHT_JOB),
            runs_model=False,
        )


def _deal(ids: pd.Series) -> pd.Series:
    """Give questions the categories of :data:`SHARES`, in equal measure wherever they stand."""
    bounds = np.cumsum(list(SHARES.values()))
    place = (np.arange(len(ids)) * 0.6180339887) % 1  # the golden ratio spreads any number of points evenly
    return pd.Series(np.array(CATEGORIES)[np.searchsorted(bounds, place)], index=ids)


def used_stages(experiment: Experiment) -> dict[str, StagePlan]:
    """Return the stages that are trained, those included whose steps another takes over."""
    waiting = {name for checkpoint in experiment.trained for name in checkpoint.rpartition("/")[0].split("+")}
    found: dict[str, StagePlan] = {}
    while waiting:
        name = waiting.pop()
        found[name] = experiment.stages[name]
        waiting |= {found[name].steps_as} - {None, *found}
    return found


def read_categories(path: str | Path) -> pd.Series | None:
    """Return the category of every training question under the base model, if they have been sorted already."""
    if not Path(path).is_file():
        return None
    known = records.read_table(path, records.KNOWLEDGE)
    return known.set_index("id")["category"]


def wall_clock(work: list[Work], cores: int, gpus: int) -> Amount:
    """Return the seconds that the whole takes if rules come one after another and each has so many jobs at a time."""

    def beside(part: Work) -> int:
        return max(1, min(part.jobs, gpus if gpus and part.runs_model else cores))

    return total(part.seconds * (1 / beside(part)) for part in work)
