"""Training examples: the loss covers the answer and its end token, and padding has no effect."""

import pytest
import torch

from gradual_learning.jobs.errors import UserError
from gradual_learning.models.loading import load_model, load_tokenizer
from gradual_learning.models.tokenization import Encoder
from gradual_learning.training.examples import IGNORE_INDEX, collate, encode_example, encode_examples, weighted_loss

TEMPLATE = "Q: {question}\nA:"
ANSWERS = ("Alder", "Port Alder Mill")  # of different lengths


@pytest.fixture(scope="module")
def encoder(tiny_model):
    return Encoder(load_tokenizer(tiny_model))


@pytest.fixture(scope="module")
def items(encoder):
    return [encode_example("Who?", answer, TEMPLATE, encoder) for answer in ANSWERS]


def test_only_the_answer_and_its_end_token_have_a_loss(encoder):
    item = encode_example("Where was Ada born?", "Port Alder", TEMPLATE, encoder)
    tokenizer = encoder.tokenizer
    learned = [token for token in item["labels"] if token != IGNORE_INDEX]
    assert learned == tokenizer(" Port Alder", add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
    assert item["input_ids"][-len(learned) :] == learned
    assert item["input_ids"][: -len(learned)] == tokenizer("Q: Where was Ada born?\nA:")["input_ids"]


def test_the_first_accepted_answer_is_learned(encoder, tiny_world):
    rows = [{"id": "a", "question": "Who?", "answers": [row[0], "Elm"]} for row in tiny_world.questions["answers"][:2]]
    expected = [encode_example("Who?", row["answers"][0], TEMPLATE, encoder) for row in rows]
    assert encode_examples(rows, TEMPLATE, encoder) == expected


def test_the_mask_covers_padding_only_although_it_is_the_end_token(encoder, items):
    batch = collate(items, encoder.eos_token_id)
    for row, item in enumerate(items):
        size = len(item["input_ids"])
        assert batch["attention_mask"][row].tolist() == [1] * size + [0] * (batch["input_ids"].shape[1] - size)
        assert batch["labels"][row][:size].tolist() == item["labels"]
        assert batch["labels"][row][size - 1] == encoder.eos_token_id
        assert (batch["labels"][row][size:] == IGNORE_INDEX).all()


def test_padding_changes_no_loss(tiny_model, encoder, items):
    model = load_model(tiny_model)
    with torch.no_grad():
        together = model(**collate(items, encoder.eos_token_id)).loss
        alone = [model(**collate([item], encoder.eos_token_id)).loss for item in items]
    counts = [sum(label != IGNORE_INDEX for label in item["labels"]) for item in items]
    mean = sum(loss * count for loss, count in zip(alone, counts, strict=True)) / sum(counts)
    assert torch.allclose(together, mean, atol=1e-5)


@pytest.mark.parametrize("weights", [(2, 1), (0.5, 0.25), (1, 0)])
def test_the_weighted_loss_is_the_weighted_sum_over_questions(tiny_model, encoder, items, weights):
    model = load_model(tiny_model)
    weighted = [item | {"weight": weight} for item, weight in zip(items, weights, strict=True)]
    batch = collate(weighted, encoder.eos_token_id)
    counts = [sum(label != IGNORE_INDEX for label in item["labels"]) for item in items]
    given = batch.pop("weights")
    with torch.no_grad():
        alone = [model(**collate([item], encoder.eos_token_id)).loss for item in items]
        found = weighted_loss(model(**batch).logits, batch["labels"], given, sum(counts))
    parts = [weight * loss * count for weight, loss, count in zip(weights, alone, counts, strict=True)]
    assert torch.allclose(found, sum(parts) / sum(counts), atol=1e-5)


def test_equal_weights_leave_the_loss_to_the_model(encoder, items):
    assert "weights" not in collate(items, encoder.eos_token_id)


def test_an_answer_without_tokens_is_an_error_that_names_the_question(encoder):
    with pytest.raises(UserError, match="question abc"):
        encode_examples([{"id": "abc", "question": "Who?", "answers": [""]}], TEMPLATE, encoder)
