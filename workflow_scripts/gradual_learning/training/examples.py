"""Training examples: the prompt of a question and its answer, with a loss on the answer and the end token only."""

from typing import Any

import torch

from gradual_learning.data import prompts
from gradual_learning.jobs.errors import UserError
from gradual_learning.models.tokenization import Encoder

IGNORE_INDEX = -100  # label of a token without loss


Example = dict[str, Any]  # token ids and labels, and the weight of the question


def encode_example(question: str, answer: str, template: str, encoder: Encoder, weight: float = 1) -> Example:
    """Tokenize a question with its answer.

    Args:
        question: the question.
        answer: the answer to learn.
        template: the zero-shot prompt, with ``{question}``.
        encoder: the tokenizer of the model.
        weight: of the question in the loss.

    Returns:
        ``input_ids`` and ``labels`` of equal length, and ``weight``; labels are :data:`IGNORE_INDEX` on the prompt, and
        the token itself on the answer and the end token that follows it.
    """
    text = prompts.zero_shot(question, template)
    [prompt], [target] = encoder.encode_prompts([text]), encoder.encode_answers(text, [answer])
    target = [*target, encoder.eos_token_id]
    return {"input_ids": prompt + target, "labels": [IGNORE_INDEX] * len(prompt) + target, "weight": weight}


def encode_examples(rows: list[dict[str, Any]], template: str, encoder: Encoder) -> list[Example]:
    """Tokenize the questions of a stage, each with its first accepted answer and its weight in the loss.

    Raises:
        UserError: an answer has no token other than special ones, so that there is nothing to learn.
    """
    encoded = [
        encode_example(row["question"], row["answers"][0], template, encoder, row.get("weight", 1)) for row in rows
    ]
    for row, item in zip(rows, encoded, strict=True):
        if set(item["labels"]) <= {IGNORE_INDEX, *encoder.tokenizer.all_special_ids}:
            raise UserError(f"question {row['id']}: the answer {row['answers'][0]!r} has no token to learn; remove it.")
    return encoded


def collate(items: list[Example], pad_token_id: int) -> dict[str, torch.Tensor]:
    """Pad a batch on the right.

    The attention mask follows from the lengths, not from the padding token, which may well be the end token.

    Returns:
        ``input_ids``, ``labels`` and ``attention_mask``, each int64 [batch, length of the longest example]; if weights
        differ from 1, also ``weights``, float32 [batch].
    """
    longest = max(len(item["input_ids"]) for item in items)

    def pad(key: str, value: int) -> torch.Tensor:
        return torch.tensor([item[key] + [value] * (longest - len(item[key])) for item in items])

    lengths = torch.tensor([len(item["input_ids"]) for item in items])
    mask = (torch.arange(longest) < lengths[:, None]).long()
    weights = [item["weight"] for item in items]
    return {
        "input_ids": pad("input_ids", pad_token_id),
        "labels": pad("labels", IGNORE_INDEX),
        "attention_mask": mask,
        **({} if set(weights) == {1} else {"weights": torch.tensor(weights, dtype=torch.float32)}),
    }


def weighted_loss(
    logits: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor, tokens: torch.Tensor | int
) -> torch.Tensor:
    """Return the cross entropy of the answers, each question weighted.

    Args:
        logits: [batch, length, vocabulary].
        labels: int64 [batch, length], from :func:`collate`.
        weights: float32 [batch].
        tokens: number of tokens with a loss in all batches of the optimizer step.

    Returns:
        The weighted sum over tokens, divided by ``tokens``; a scalar, equal to the unweighted mean if weights are 1.
    """
    following = torch.nn.functional.pad(labels, (0, 1), value=IGNORE_INDEX)[:, 1:]
    losses = torch.nn.functional.cross_entropy(
        logits.float().transpose(1, 2), following, ignore_index=IGNORE_INDEX, reduction="none"
    )
    return (losses * weights[:, None]).sum() / tokens
