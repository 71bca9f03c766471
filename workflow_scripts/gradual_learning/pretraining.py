"""Pretrain a small Llama on the documents of the simulated world and save it as any Hugging Face model is saved."""

import logging
import tempfile
import time
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
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)

from gradual_learning import scratch
from gradual_learning.records import UserError

BOS, EOS, UNKNOWN = "<s>", "</s>", "<unk>"


@dataclass(frozen=True)
class Pretraining:
    """The settings of one pretraining run; the schedule is warm-up, constant, then linear decay to zero."""

    seed: int
    tokenizer: str  # words or bytes
    vocabulary: int  # entries of a bytes tokenizer
    hidden_size: int
    layers: int
    heads: int
    sequence_length: int
    batch_size: int
    learning_rate: float
    warmup_steps: int
    decay_share: float  # share of the steps over which the rate decays
    weight_decay: float
    beta2: float


SETTINGS = [field.name for field in fields(Pretraining)]


def build_tokenizer(texts: list[str], kind: str, vocabulary: int) -> PreTrainedTokenizerFast:
    """Train a tokenizer on the documents.

    Args:
        texts: the documents.
        kind: ``words`` (one token per word, SentencePiece-like marks for spaces) or ``bytes`` (byte-level BPE).
        vocabulary: the number of entries of a ``bytes`` tokenizer; a ``words`` tokenizer takes what it meets.
    """
    special = [UNKNOWN, BOS, EOS]
    if kind == "words":
        tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
        pieces = [
            pre_tokenizers.Metaspace(prepend_scheme="always"),
            pre_tokenizers.Split(Regex(r"\n|[.?:]"), "isolated"),
        ]
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(pieces)
        tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
        trainer = trainers.WordLevelTrainer(special_tokens=special, show_progress=False)
    else:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=vocabulary, special_tokens=special, initial_alphabet=alphabet, show_progress=False
        )
    tokenizer.train_from_iterator([*texts, "Q:\nA:\nQ:"], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=BOS, eos_token=EOS, unk_token=UNKNOWN)


def pack(texts: list[str], tokenizer: PreTrainedTokenizerFast, length: int) -> torch.Tensor:
    """Join the documents, each ended by the end token, and cut them into rows.

    Returns:
        Token ids [rows, length]; what does not fill a row is left out.

    Raises:
        UserError: the documents do not fill one row.
    """
    ids = tokenizer(texts, add_special_tokens=False)["input_ids"]
    stream = torch.tensor([token for document in ids for token in (*document, tokenizer.eos_token_id)])
    rows = len(stream) // length
    if rows == 0:
        raise UserError(f"pretraining.sequence_length: {len(stream)} tokens do not fill one row of {length}; lower it.")
    return stream[: rows * length].view(rows, length)


def build_model(tokenizer: PreTrainedTokenizerFast, settings: Pretraining) -> LlamaForCausalLM:
    """Return a randomly initialised Llama with tied embeddings."""
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden_size,
        intermediate_size=settings.hidden_size * 8 // 3 // 32 * 32,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
    )
    set_seed(settings.seed)
    return LlamaForCausalLM(config)


class _Progress(TrainerCallback):
    """Say in the log how far training has come and how long it will take."""

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Note when it began."""
        self.started, self.first = time.monotonic(), state.global_step

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Say the step, the loss and the time left."""
        if logs and "loss" in logs:
            step, steps = state.global_step, state.max_steps
            left = (time.monotonic() - self.started) * (steps - step) / (step - self.first)
            logging.info("step %d of %d, loss %.3f, %.0f s left", step, steps, logs["loss"], left)


def pretrain(
    texts: list[str], settings: Pretraining, work: Path, node_disk: str | Path, model_folder: str | Path
) -> list[dict]:
    """Read the documents once, in order, and save the model and its tokenizer.

    Args:
        texts: the documents in reading order.
        settings: the model and its training.
        work: working folder of :func:`scratch.open_scratch`; a run that was cut off goes on from its last checkpoint.
        node_disk: where a checkpoint is written before it is moved to ``work`` whole.
        model_folder: where the model goes in the end.

    Returns:
        Step, loss and learning rate, twenty times over the run.
    """
    tokenizer = build_tokenizer(texts, settings.tokenizer, settings.vocabulary)
    rows = [{"input_ids": row, "labels": row} for row in pack(texts, tokenizer, settings.sequence_length)]
    model = build_model(tokenizer, settings)
    steps = -(-len(rows) // settings.batch_size)
    logging.info(
        "%d parameters, %d tokens, %d steps", model.num_parameters(), len(rows) * settings.sequence_length, steps
    )
    with tempfile.TemporaryDirectory(dir=node_disk) as disk:
        trainer = Trainer(
            model=model,
            args=_arguments(settings, disk, steps),
            train_dataset=rows,
            callbacks=[_Progress(), scratch.KeepCheckpoints(work)],
        )
        trainer.remove_callback(PrinterCallback)  # _Progress says it better
        trainer.train(resume_from_checkpoint=scratch.last_checkpoint(work))
    with scratch.whole_folder(model_folder) as folder:
        for part in (model, tokenizer):
            part.save_pretrained(folder)
    shown = ("step", "loss", "learning_rate")
    return [{name: entry[name] for name in shown} for entry in trainer.state.log_history if "loss" in entry]


def _arguments(settings: Pretraining, folder: str | Path, steps: int) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder),
        use_cpu=not torch.cuda.is_available(),
        seed=settings.seed,
        num_train_epochs=1,
        per_device_train_batch_size=settings.batch_size,
        train_sampling_strategy="sequential",
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        adam_beta2=settings.beta2,
        warmup_steps=settings.warmup_steps,
        lr_scheduler_type="warmup_stable_decay",
        lr_scheduler_kwargs={"num_decay_steps": round(settings.decay_share * steps), "decay_type": "linear"},
        logging_steps=max(1, steps // 20),
        save_steps=max(1, steps // 4),
        dataloader_pin_memory=False,
        disable_tqdm=True,
        report_to="none",
    )
