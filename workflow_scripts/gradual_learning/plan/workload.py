"""The input of a plan: an experiment with its model, its questions and its prompts, and the lengths of their texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from gradual_learning.data import prompts
from gradual_learning.experiment import Experiment
from gradual_learning.models.tokenization import Encoder
from gradual_learning.plan.model_spec import ModelSpec, count_trainable
from gradual_learning.training.settings import LoraSettings

DISTINCT = 1 / 3  # expected share of the samples of a prompt that differ: equal ones are computed once
MAX_TEXTS = 1000  # number of texts of a kind whose tokens are counted


@dataclass(frozen=True)
class Lengths:
    """Mean numbers of tokens of texts."""

    exemplars: float  # the solved questions of a few-shot prompt
    question: float  # the question at its end
    zero_shot: float  # a zero-shot prompt
    answer: float  # an accepted answer, its end token included
    statement: float  # an incomplete statement of a fact


@dataclass(frozen=True, eq=False)
class Workload:
    """An experiment with its model and its questions."""

    config: Mapping[str, Any]  # all sections, defaults filled in
    spec: ModelSpec
    questions: pd.DataFrame  # columns of ``schemas.QUESTIONS``
    prompts: pd.DataFrame  # columns of ``schemas.PROMPTS``
    sampling: str  # full, lazy, or pruned: a sample ends as soon as it can no longer be correct
    shards: int  # jobs that label a split under one checkpoint

    @cached_property
    def experiment(self) -> Experiment:
        """The graph of the experiment."""
        return Experiment.from_config(self.config)

    @cached_property
    def trained_checkpoints(self) -> list[str]:
        """All trained checkpoints; those whose number of steps another one matches are included and come before it."""
        names: list[str] = []
        for name in self.experiment.trained_checkpoints():
            line = [name]
            while sibling := self.experiment.sibling(line[-1]):
                line.append(sibling)
            names += reversed(line)
        return list(dict.fromkeys(names))

    @cached_property
    def batch_sizes(self) -> dict[str, int]:
        """The largest batch of each training method, in questions."""
        sizes: dict[str, int] = {}
        for stage in map(self.experiment.stage, self.trained_checkpoints):
            method, size = (self.experiment.setting(stage, key) for key in ("method", "batch_size"))
            sizes[method] = max(size, sizes.get(method, 0))
        return sizes

    @cached_property
    def lora(self) -> LoraSettings:
        """The shape of the adapters."""
        return LoraSettings(**self.config["training"]["lora"])

    @cached_property
    def trainable(self) -> dict[str, int]:
        """The number of trainable weights of each training method."""
        return {method: count_trainable(self.spec, method, self.lora) for method in self.batch_sizes}

    @cached_property
    def encoder(self) -> Encoder:
        """The tokenizer of the model."""
        return Encoder(self.spec.tokenizer, self.config["model"]["chat_template"])

    @property
    def label_prompts(self) -> pd.DataFrame:
        """The prompts without those of relabeling."""
        return self.prompts[self.prompts["draw"] == 0]

    def zero_shot(self, question: str) -> str:
        """Return the zero-shot prompt of a question."""
        return prompts.zero_shot(question, self.config["training"]["prompt"])

    @cached_property
    def lengths(self) -> Lengths:
        """The lengths of a sample of the texts."""
        sample = self.questions.sample(min(len(self.questions), MAX_TEXTS), random_state=0)
        exemplars, zero_shot = self.label_prompts["text"].tolist(), list(map(self.zero_shot, sample["question"]))
        few_shot = [exemplars[0] + prompts.few_shot_suffix(text) for text in sample["question"]]
        answers = [
            len(self.encoder.encode_answers(prompt, texts[:1])[0])
            for prompt, texts in zip(zero_shot, sample["answers"], strict=True)
        ]
        return Lengths(
            exemplars=self._mean_tokens(exemplars),
            question=self._mean_tokens(few_shot) - self._mean_tokens(exemplars[:1]),
            zero_shot=self._mean_tokens(zero_shot),
            answer=sum(answers) / len(answers) + 1,
            statement=self._mean_tokens(self.spec.statements),
        )

    def _mean_tokens(self, texts: list[str]) -> float:
        rows = self.encoder.encode_prompts(texts[:MAX_TEXTS]) if texts else []
        return sum(map(len, rows)) / max(len(rows), 1)
