"""Answers with vLLM, for models that need several GPUs (tensor parallelism).

:class:`Engine` replaces :class:`gradual_learning.generation.engine.Engine`. Prompts are passed as the token ids of the
same encoder and answers end at the same tokens, so greedy answers are equal. Samples have the same distribution, but
vLLM draws them with its own random numbers. Every prompt has its own seed, keyed by (seed, question, prompt, draw), so
its samples do not depend on shards or their order, as far as the sums of vLLM do not. The prefix cache of vLLM saves
the cost of a shared prefix.
"""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import torch
from transformers import GenerationConfig, PreTrainedConfig

from gradual_learning.generation import random_streams
from gradual_learning.generation.decoding import Answer, Decoding, KeepSampling, Prompt
from gradual_learning.jobs.errors import UserError
from gradual_learning.models.loading import ADAPTER_CONFIG, Loading, is_adapter, read_config, resolve_dtype
from gradual_learning.models.tokenization import Encoder

if TYPE_CHECKING:
    from vllm import SamplingParams
    from vllm.lora.request import LoRARequest

PROMPTS_PER_CALL = 1024
ENVIRONMENT_DEFAULTS = {  # a variable that the user sets takes precedence
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # on one device, compute in this process and end with it
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # a process that has used a GPU must not be forked
    "VLLM_CONFIGURE_LOGGING": "0",  # messages go to the log of the job
    "VLLM_NO_USAGE_STATS": "1",  # they would be sent over the network
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # use the threads that the rule has
}


class Engine:
    """Answers prompts with one model, like :class:`gradual_learning.generation.engine.Engine`.

    Args:
        folder: the base model in Hugging Face layout.
        checkpoint: a checkpoint of a stage, an adapter or a whole model, or None.
        loading: dtype of the weights; 4-bit quantization is not supported.
        encoder: for the tokenizer of the base model.

    Attributes:
        end_tokens: ids that end an answer and are no part of its text.
        stop_tokens: ids that end an answer, in the vocabulary of the model.

    Raises:
        UserError: vLLM is not installed, or does not support the rank of the adapter.
    """

    def __init__(self, folder: str | Path, checkpoint: str | Path | None, loading: Loading, encoder: Encoder) -> None:
        _prepare()
        from vllm import LLM

        whole = Path(checkpoint or folder)
        self.adapter: LoRARequest | None = None
        options: dict[str, Any] = {}
        if checkpoint is not None and is_adapter(checkpoint):
            whole = Path(folder)
            self.adapter, options = _adapter(checkpoint)
        config = read_config(whole)
        self.encoder = encoder
        self.end_tokens = encoder.end_tokens(_generation_config(whole, config))
        self.llm = LLM(
            str(whole),
            dtype=resolve_dtype(folder, loading).dtype,
            tensor_parallel_size=tensor_parallel_size(
                config.get_text_config().num_attention_heads, torch.cuda.device_count()
            ),
            max_model_len=-1,  # the limit of the model, or less where memory is too small
            enable_chunked_prefill=torch.cuda.is_available(),  # on a CPU, prompts with seeds must not be split
            load_format="safetensors",
            use_tqdm_on_load=False,
            generation_config="vllm",
            skip_tokenizer_init=True,
            enable_prefix_caching=True,
            **options,
        )
        limit = self.llm.model_config.get_vocab_size()
        self.stop_tokens = sorted(token for token in self.end_tokens | encoder.line_break_tokens() if token < limit)

    def answer(
        self,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        samples: int,
        greedy: bool = True,
        keep_sampling: KeepSampling | None = None,
        drop_greedy: bool = False,
    ) -> Iterator[Answer]:
        """Answer every prompt, group by group; generate answers to their end, whatever ``keep_sampling`` returns.

        Arguments are those of :meth:`gradual_learning.generation.engine.Engine.answer`.

        Raises:
            UserError: a prompt with its answer is longer than vLLM can read.
        """
        ordered = sorted(
            prompts, key=lambda prompt: prompt.group
        )  # the prefix cache evicts what is least recently used
        for start in range(0, len(ordered), PROMPTS_PER_CALL):
            yield from self._answer_batch(ordered[start : start + PROMPTS_PER_CALL], decoding, samples, greedy)

    def _answer_batch(self, prompts: list[Prompt], decoding: Decoding, samples: int, greedy: bool) -> Iterator[Answer]:
        tokens = self.encoder.encode_prompts([prompt.text for prompt in prompts])
        self._check_lengths(tokens, decoding.max_new_tokens)
        best: list[list[Any]] = [[None]] * len(prompts)
        sampled: list[list[Any]] = [[]] * len(prompts)
        if greedy:
            best = self._generate(tokens, [self._params(decoding, temperature=0)] * len(prompts))
        if samples:
            options = {"temperature": decoding.temperature, "top_k": decoding.top_k, "n": samples}
            seeds = prompt_seeds(prompts, decoding)
            sampled = self._generate(tokens, [self._params(decoding, seed=seed, **options) for seed in seeds])
        for prompt, [text], texts in zip(prompts, best, sampled, strict=True):
            yield Answer(prompt, text, texts)

    def _check_lengths(self, tokens: list[list[int]], new: int) -> None:
        longest, limit = max(map(len, tokens)), self.llm.model_config.max_model_len
        if longest + new > limit:
            raise UserError(
                f"knowledge.num_fewshot: a prompt has {longest} tokens and its answer up to {new}, but vLLM reads "
                f"{limit} with this model on this machine. Lower knowledge.num_fewshot or knowledge.max_new_tokens, or "
                "remove long questions."
            )

    def _params(self, decoding: Decoding, **options: Any) -> "SamplingParams":
        from vllm import SamplingParams

        limits = {"max_tokens": decoding.max_new_tokens, "stop_token_ids": self.stop_tokens}
        return SamplingParams(detokenize=False, **limits, **options)

    def _generate(self, tokens: list[list[int]], params: list["SamplingParams"]) -> list[list[str]]:
        """Return the texts that answer each prompt, as many as its parameters request."""
        prompts = [{"prompt_token_ids": row} for row in tokens]
        requests = self.llm.generate(prompts, params, use_tqdm=False, lora_request=self.adapter)
        return [
            self.encoder.decode(
                [[token for token in output.token_ids if token not in self.end_tokens] for output in request.outputs]
            )
            for request in requests
        ]


def open_engine(
    folder: str | Path, checkpoint: str | Path | None, loading: Loading, encoder: Encoder, batch_tokens: int
) -> Engine:
    """Return an engine for a model; vLLM chooses its batches by itself, whatever ``batch_tokens`` says."""
    return Engine(folder, checkpoint, loading, encoder)


def tensor_parallel_size(heads: int, gpus: int) -> int:
    """Return the number of GPUs that a model is split across: the largest power of two that divides its heads."""
    size = 1
    while 2 * size <= gpus and heads % (2 * size) == 0:
        size *= 2
    return size


def prompt_seeds(prompts: Sequence[Prompt], decoding: Decoding) -> list[int]:
    """Return the seed for the samples of each prompt, below 2**53; vLLM adds the number of the sample to it."""
    keys = np.array([int(prompt.id, 16) for prompt in prompts], dtype=np.uint64)
    numbers = np.array([prompt.number for prompt in prompts])
    places = np.full(len(prompts), decoding.draw << 12)
    return [int(u * 2**53) for u in random_streams.uniforms(decoding.seed, keys, numbers, places, 0)]


def _prepare() -> None:
    """Set the environment of vLLM, which reads it at import."""
    if find_spec("vllm") is None:
        raise UserError(
            "knowledge.engine: vllm is not installed. Create a separate environment for the workflow, as described at "
            "the top of envs/requirements-vllm.txt, and run the workflow there; or set knowledge.engine to native."
        )
    for name, value in ENVIRONMENT_DEFAULTS.items():
        os.environ.setdefault(name, value)
    logging.getLogger("vllm").setLevel(logging.ERROR)


def _generation_config(folder: Path, config: PreTrainedConfig) -> GenerationConfig:
    try:
        return GenerationConfig.from_pretrained(str(folder), local_files_only=True)
    except OSError:  # the folder has none
        return GenerationConfig.from_model_config(config)


def _adapter(checkpoint: str | Path) -> tuple["LoRARequest", dict[str, Any]]:
    """Return the request that selects an adapter, and the options of vLLM that reserve memory for it."""
    from vllm.config.lora import MaxLoRARanks
    from vllm.lora.request import LoRARequest

    rank = json.loads((Path(checkpoint) / ADAPTER_CONFIG).read_text(encoding="utf-8"))["r"]
    sizes = [size for size in get_args(MaxLoRARanks) if size >= rank]
    if not sizes:
        raise UserError(
            f"{checkpoint}: vLLM does not support an adapter of rank {rank}. Set knowledge.engine to native."
        )
    return LoRARequest("checkpoint", 1, str(checkpoint)), {"enable_lora": True, "max_lora_rank": min(sizes)}
