"""What the loss of fine-tuning sees: the question as it is asked, and of it the answer and its end token alone."""

import torch

from gradual_learning import prompts
from gradual_learning.encoding import Encoder
from gradual_learning.records import UserError

IGNORED = -100


def encode(question: str, answer: str, template: str, encoder: Encoder) -> dict[str, list[int]]:
    """Tokenise a question with its answer, and mark what to learn.

    Returns:
        ``input_ids`` and ``labels`` of equal length; labels are :data:`IGNORED` on the prompt, and the token itself on
        the answer and the end token behind it.
    """
    text = prompts.zero_shot(question, template)
    [prompt], [target] = encoder.prompts([text]), encoder.answers(text, [answer])
    target = [*target, encoder.end]
    return {"input_ids": prompt + target, "labels": [IGNORED] * len(prompt) + target}


def encode_all(rows: list[dict], template: str, encoder: Encoder) -> list[dict[str, list[int]]]:
    """Tokenise the questions of a stage, each with its first accepted answer.

    Raises:
        UserError: an answer has no token of its own, so that nothing would be learned from it.
    """
    encoded = [encode(row["question"], row["answers"][0], template, encoder) for row in rows]
    for row, item in zip(rows, encoded, strict=True):
        if set(item["labels"]) <= {IGNORED, *encoder.tokenizer.all_special_ids}:
            raise UserError(f"question {row['id']}: the answer {row['answers'][0]!r} has no token to learn; remove it.")
    return encoded


def collate(items: list[dict[str, list[int]]], pad: int) -> dict[str, torch.Tensor]:
    """Pad a batch on the right; what is padding is told by length, as the padding token may well be the end token."""
    longest = max(len(item["input_ids"]) for item in items)

    def padded(key: str, value: int) -> torch.Tensor:
        return torch.tensor([item[key] + [value] * (longest - len(item[key])) for item in items])

    lengths = torch.tensor([len(item["input_ids"]) for item in items])
    mask = (torch.arange(longest) < lengths[:, None]).long()
    return {"input_ids": padded("input_ids", pad), "labels": padded("labels", IGNORED), "attention_mask": mask}
