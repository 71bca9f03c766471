"""Pretrain a small Llama on the documents of the simulated world and save it in Hugging Face layout."""

import logging
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

from gradual_learning.jobs.atomic_files import atomic_folder
from gradual_learning.jobs.errors import UserError
from gradual_learning.jobs.trainer_checkpoints import INCOMPLETE, SaveCheckpoints, last_checkpoint
from gradual_learning.jobs.trainer_log import LogProgress
from gradual_learning.models.tokenization import Encoder

BOS, EOS, UNKNOWN = "<s>", "</s>", "<unk>"
SPECIAL_TOKENS = [UNKNOWN, BOS, EOS]


@dataclass(frozen=True)
class Pretraining:
    """The settings of one pretraining run; the learning rate warms up, stays constant, then decays linearly to zero."""

    seed: int
    tokenizer: str  # words or bytes
    vocab_size: int  # of a bytes tokenizer
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    sequence_length: int
    batch_size: int
    learning_rate: float
    warmup_steps: int
    decay_share: float  # share of the steps over which the learning rate decays
    weight_decay: float
    adam_beta2: float


SETTINGS = [field.name for field in fields(Pretraining)]


def build_tokenizer(texts: list[str], kind: str, vocab_size: int) -> PreTrainedTokenizerFast:
    """Train a tokenizer on the documents.

    Args:
        texts: the documents.
        kind: ``words`` (one token per word, SentencePiece-like marks for spaces) or ``bytes`` (byte-level BPE).
        vocab_size: the vocabulary size of a ``bytes`` tokenizer; a ``words`` tokenizer has all words of the documents.
    """
    tokenizer, trainer = _word_level() if kind == "words" else _byte_level_bpe(vocab_size)
    tokenizer.train_from_iterator([*texts, "Q:\nA:\nQ:"], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=BOS, eos_token=EOS, unk_token=UNKNOWN)


def _word_level() -> tuple[Tokenizer, Any]:
    tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
    in_text = "|".join(
        token.removeprefix("<") for token in SPECIAL_TOKENS
    )  # a special token in a text is no special token
    pieces = [
        pre_tokenizers.Metaspace(prepend_scheme="always"),
        pre_tokenizers.Split(Regex(rf"\n|[.?:]|<(?={in_text})"), "isolated"),
    ]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(pieces)
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    return tokenizer, trainers.WordLevelTrainer(special_tokens=SPECIAL_TOKENS, show_progress=False)


def _byte_level_bpe(vocab_size: int) -> tuple[Tokenizer, Any]:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    return tokenizer, trainer


def pack(texts: list[str], tokenizer: PreTrainedTokenizerFast, length: int) -> torch.Tensor:
    """Concatenate the documents, each followed by the end token, and cut them into rows.

    Returns:
        Token ids, int64 [rows, length]; the tokens after the last full row are dropped.

    Raises:
        UserError: the documents do not fill one row.
    """
    ids = Encoder(tokenizer).encode_documents(texts)
    stream = torch.tensor([token for document in ids for token in (*document, tokenizer.eos_token_id)])
    rows = len(stream) // length
    if rows == 0:
        raise UserError(
            f"pretraining.sequence_length: the {len(stream)} tokens of all documents do not fill one row of {length}. "
            "Lower it."
        )
    return stream[: rows * length].view(rows, length)


def build_model(tokenizer: PreTrainedTokenizerFast, settings: Pretraining) -> LlamaForCausalLM:
    """Return a randomly initialized Llama with tied embeddings."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden_size,
        intermediate_size=settings.hidden_size * 8 // 3 // 32 * 32,
        num_hidden_layers=settings.num_hidden_layers,
        num_attention_heads=settings.num_attention_heads,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
    )
    set_seed(settings.seed)
    return LlamaForCausalLM(config)


def pretrain(texts: list[str], settings: Pretraining, work: Path, model_folder: str | Path) -> list[dict[str, float]]:
    """Train on the documents once, in order, and save the model and its tokenizer.

    Args:
        texts: the documents in reading order.
        settings: the model and its training.
        work: work folder of the job; an interrupted run resumes from its last checkpoint there.
        model_folder: where the model is saved.

    Returns:
        Step, loss and learning rate, about twenty times over the run.
    """
    tokenizer = build_tokenizer(texts, settings.tokenizer, settings.vocab_size)
    rows = [{"input_ids": row, "labels": row} for row in pack(texts, tokenizer, settings.sequence_length)]
    model = build_model(tokenizer, settings)
    steps = -(-len(rows) // settings.batch_size)
    tokens = len(rows) * settings.sequence_length
    logging.info("%d parameters, %d tokens, %d steps", model.num_parameters(), tokens, steps)
    trainer = Trainer(
        model=model,
        args=_arguments(settings, work / INCOMPLETE, steps),
        train_dataset=rows,
        callbacks=[LogProgress(), SaveCheckpoints(work)],
    )
    trainer.remove_callback(PrinterCallback)  # LogProgress replaces it
    trainer.train(resume_from_checkpoint=last_checkpoint(work))
    with atomic_folder(model_folder) as folder:
        for part in (model, tokenizer):
            part.save_pretrained(folder)
    columns = ("step", "loss", "learning_rate")
    return [{name: entry[name] for name in columns} for entry in trainer.state.log_history if "loss" in entry]


def _arguments(settings: Pretraining, folder: str | Path, steps: int) -> TrainingArguments:
    logging_steps = max(1, steps // 20)
    return TrainingArguments(
        output_dir=str(folder),
        use_cpu=not torch.cuda.is_available(),
        seed=settings.seed,
        num_train_epochs=1,
        per_device_train_batch_size=settings.batch_size,
        train_sampling_strategy="sequential",
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        adam_beta2=settings.adam_beta2,
        warmup_steps=settings.warmup_steps,
        lr_scheduler_type="warmup_stable_decay",
        lr_scheduler_kwargs={"num_decay_steps": round(settings.decay_share * steps), "decay_type": "linear"},
        logging_steps=logging_steps,
        save_steps=5 * logging_steps,  # a multiple, as the first loss after resuming averages the steps since then
        dataloader_pin_memory=False,
        disable_tqdm=True,
        report_to="none",
    )
