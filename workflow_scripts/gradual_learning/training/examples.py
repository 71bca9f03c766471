"""Training examples: the prompt of a question and its answer, with a loss on the answer and the end token only."""

from typing import Any

import torch

from gradual_learning.data import prompts
from gradual_learning.jobs.errors import UserError
from gradual_learning.models.tokenization import Encoder

IGNORE_INDEX = -100  # label of a token without loss


def encode_example(question: str, answer: str, template: str, encoder: Encoder) -> dict[str, list[int]]:
    """Tokenize a question with its answer.

    Args:
        question: the question.
        answer: the answer to learn.
        template: the zero-shot prompt, with ``{question}``.
        encoder: the tokenizer of the model.

    Returns:
        ``input_ids`` and ``labels`` of equal length; labels are :data:`IGNORE_INDEX` on the prompt, and the token
        itself on the answer and the end token that follows it.
    """
    text = prompts.zero_shot(question, template)
    [prompt], [target] = encoder.encode_prompts([text]), encoder.encode_answers(text, [answer])
    target = [*target, encoder.eos_token_id]
    return {"input_ids": prompt + target, "labels": [IGNORE_INDEX] * len(prompt) + target}


def encode_examples(rows: list[dict[str, Any]], template: str, encoder: Encoder) -> list[dict[str, list[int]]]:
    """Tokenize the questions of a stage, each with its first accepted answer.

    Raises:
        UserError: an answer has no token other than special ones, so that there is nothing to learn.
    """
    encoded = [encode_example(row["question"], row["answers"][0], template, encoder) for row in rows]
    for row, item in zip(rows, encoded, strict=True):
        if set(item["labels"]) <= {IGNORE_INDEX, *encoder.tokenizer.all_special_ids}:
            raise UserError(f"question {row['id']}: the answer {row['answers'][0]!r} has no token to learn; remove it.")
    return encoded


def collate(items: list[dict[str, list[int]]], pad_token_id: int) -> dict[str, torch.Tensor]:
    """Pad a batch on the right.

    The attention mask follows from the lengths, not from the padding token, which may well be the end token.

    Returns:
        ``input_ids``, ``labels`` and ``attention_mask``, each int64 [batch, length of the longest example].
    """
    longest = max(len(item["input_ids"]) for item in items)

    def pad(key: str, value: int) -> torch.Tensor:
        return torch.tensor([item[key] + [value] * (longest - len(item[key])) for item in items])

    lengths = torch.tensor([len(item["input_ids"]) for item in items])
    mask = (torch.arange(longest) < lengths[:, None]).long()
    return {"input_ids": pad("input_ids", pad_token_id), "labels": pad("labels", IGNORE_INDEX), "attention_mask": mask}
