"""A model of about 100 million parameters that has read enough for its answers to repeat, as a real model's do.

It knows little. What the benchmark asks of it is the shape of the work: wide layers, a large vocabulary, and samples
that agree with each other about as often as those of a trained model.
"""

import logging
from dataclasses import astuple, dataclass
from pathlib import Path

import torch
from transformers import PreTrainedModel, get_wsd_schedule

from gradual_learning import pretraining, provenance, records

_log = logging.getLogger(__name__)

BATCH, LENGTH = 16, 64  # rows of a training batch, and tokens of a row


@dataclass(frozen=True)
class Size:
    """How large the model is, and how many batches it reads."""

    width: int = 768
    layers: int = 12
    vocabulary: int = 32_000
    steps: int = 150


def build(documents: Path, size: Size, cache: Path) -> Path:
    """Train the model on the first documents of the world and save it; what lies in the cache is taken as it is.

    The documents hold too few words for a large vocabulary of byte pairs: the embedding is filled up with rows that no
    token of a document stands for.

    Args:
        documents: columns of ``records.DOCUMENTS``, in reading order.
        size: of the model and its training.
        cache: folder in which models lie, each under a name that tells its size and its documents.

    Returns:
        A folder in Hugging Face layout.
    """
    name = "-".join(map(str, astuple(size)))
    folder = cache / f"larger-{name}-{provenance.content_hash(documents)[:8]}"
    if folder.is_dir():
        return folder
    texts = records.read_table(documents, records.DOCUMENTS)["text"].tolist()
    settings = _settings(size)
    tokenizer = pretraining.build_tokenizer(texts, settings.tokenizer, settings.vocabulary)
    rows = pretraining.pack(texts, tokenizer, LENGTH)[: size.steps * BATCH]
    model = pretraining.build_model(tokenizer, settings)
    model.resize_token_embeddings(size.vocabulary, mean_resizing=False)
    _log.info("%d parameters, %d of %d tokens are used", model.num_parameters(), len(tokenizer), size.vocabulary)
    _train(model, rows, settings)
    unfinished = cache / "unfinished"
    for part in (model, tokenizer):
        part.save_pretrained(unfinished)
    return unfinished.rename(folder)


def _settings(size: Size) -> pretraining.Pretraining:
    return pretraining.Pretraining(
        seed=1,
        tokenizer="bytes",
        vocabulary=size.vocabulary,
        hidden_size=size.width,
        layers=size.layers,
        heads=size.width // 64,
        sequence_length=LENGTH,
        batch_size=BATCH,
        learning_rate=1e-3,
        warmup_steps=20,
        decay_share=0.5,
        weight_decay=0.01,
        beta2=0.98,
    )


def _train(model: PreTrainedModel, rows: torch.Tensor, settings: pretraining.Pretraining) -> None:
    """Read the rows once, in order; autocast to bfloat16 is more than twice as fast on recent processors."""
    optimizer = torch.optim.AdamW(
        model.parameters(), settings.learning_rate, (0.9, settings.beta2), weight_decay=settings.weight_decay
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
