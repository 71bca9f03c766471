"""A model of about 100 million parameters, trained until its answers repeat like those of a real model.

It knows little. The benchmark needs only the shape of the work: wide layers, a large vocabulary, and samples that agree
with each other about as often as those of a trained model.
"""

import logging
from dataclasses import astuple, dataclass
from pathlib import Path

import torch
from transformers import PreTrainedModel, get_wsd_schedule

from gradual_learning.jobs import fingerprint
from gradual_learning.models import pretraining
from gradual_learning.tables.files import read_table
from gradual_learning.tables.schemas import DOCUMENTS

_log = logging.getLogger(__name__)

BATCH_SIZE, SEQUENCE_LENGTH = 16, 64


@dataclass(frozen=True)
class Size:
    """The size of the model, and its training steps."""

    hidden_size: int = 768
    num_hidden_layers: int = 12
    vocab_size: int = 32_000
    steps: int = 150


def build(documents: Path, size: Size, cache: Path) -> Path:
    """Train the model on the first documents of the world and save it; a model in the cache is reused.

    The documents have too few words for a large vocabulary of byte pairs, so the embedding gets further rows that no
    document uses.

    Args:
        documents: columns of ``schemas.DOCUMENTS``, in reading order.
        size: size of the model, and its training steps.
        cache: folder with one model per size and documents, which are part of its name.

    Returns:
        A folder in Hugging Face layout.
    """
    name = "-".join(map(str, astuple(size)))
    folder = cache / f"larger-{name}-{fingerprint.content_hash(documents)[:8]}"
    if folder.is_dir():
        return folder
    texts = read_table(documents, DOCUMENTS)["text"].tolist()
    settings = _settings(size)
    tokenizer = pretraining.build_tokenizer(texts, settings.tokenizer, settings.vocab_size)
    rows = pretraining.pack(texts, tokenizer, SEQUENCE_LENGTH)[: size.steps * BATCH_SIZE]
    model = pretraining.build_model(tokenizer, settings)
    model.resize_token_embeddings(size.vocab_size, mean_resizing=False)
    _log.info("%d parameters, %d of %d tokens are used", model.num_parameters(), len(tokenizer), size.vocab_size)
    _train(model, rows, settings)
    unfinished = cache / "unfinished"
    for part in (model, tokenizer):
        part.save_pretrained(unfinished)
    return unfinished.rename(folder)


def _settings(size: Size) -> pretraining.Pretraining:
    return pretraining.Pretraining(
        seed=1,
        tokenizer="bytes",
        vocab_size=size.vocab_size,
        hidden_size=size.hidden_size,
        num_hidden_layers=size.num_hidden_layers,
        num_attention_heads=size.hidden_size // 64,
        sequence_length=SEQUENCE_LENGTH,
        batch_size=BATCH_SIZE,
        learning_rate=1e-3,
        warmup_steps=20,
        decay_share=0.5,
        weight_decay=0.01,
        adam_beta2=0.98,
    )


def _train(model: PreTrainedModel, rows: torch.Tensor, settings: pretraining.Pretraining) -> None:
    """Train on the rows once, in order; autocast to bfloat16 is more than twice as fast on recent CPUs."""
    optimizer = torch.optim.AdamW(
        model.parameters(), settings.learning_rate, (0.9, settings.adam_beta2), weight_decay=settings.weight_decay
    )
    batches = rows.split(settings.batch_size)
    decay = round(settings.decay_share * len(batches))
    schedule = get_wsd_schedule(optimizer, settings.warmup_steps, decay, num_training_steps=len(batches))
    model.train()
    for step, ids in enumerate(batches, start=1):
        with torch.autocast(model.device.type, torch.bfloat16):
            loss = model(input_ids=ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % 10 == 0:
            _log.info("step %d of %d, loss %.3f", step, len(batches), loss.item())
