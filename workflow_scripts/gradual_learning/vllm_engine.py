"""vLLM as the engine that answers, for models that several GPUs must carry together (tensor parallelism).

It takes the place of :class:`sampling.Engine`. Prompts reach it as the ids of our encoder and answers end at the same
tokens, so greedy answers are the same. Samples follow the same distribution, but the numbers they are drawn with are
vLLM's. Every prompt has a seed of its own, keyed by (seed, question, prompt, draw): its samples depend on no shard and
no order, as far as vLLM's sums do not. What a shared beginning costs is saved by vLLM's prefix cache.
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

from gradual_learning import models, streams
from gradual_learning.encoding import Encoder
from gradual_learning.records import UserError
from gradual_learning.sampling import Answer, Decoding, Follow, Prompt

if TYPE_CHECKING:
    from vllm import SamplingParams
    from vllm.lora.request import LoRARequest

TOGETHER = 1024  # prompts that vLLM is given at once
ENVIRONMENT = {  # what its user sets goes before
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # on one device it then computes in this process, and ends with it
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # a process that has met a GPU must not be forked
    "VLLM_CONFIGURE_LOGGING": "0",  # what it has to say goes into the log of the job
    "VLLM_NO_USAGE_STATS": "1",  # it would send them over the network
    "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",  # as many threads as the rule has
}


class Engine:
    """Answers prompts with one model, as :class:`sampling.Engine` does.

    Args:
        folder: the base model in Hugging Face layout.
        checkpoint: a stage's checkpoint, an adapter or a whole model, or None.
        loading: how the weights are held; not in four bits.
        encoder: over the tokenizer of the base model.

    Raises:
        UserError: vLLM is not installed, or the adapter's rank is beyond it.
    """

    def __init__(
        self, folder: str | Path, checkpoint: str | Path | None, loading: models.Loading, encoder: Encoder
    ) -> None:
        _prepare()
        from vllm import LLM

        adapted = checkpoint is not None and models.is_adapter(checkpoint)
        whole = Path(folder if adapted else checkpoint or folder)
        config = models.read_config(whole)
        self.encoder = encoder
        self.ends = encoder.ends(_generation_config(whole, config))
        self.adapter, options = _adapter(checkpoint) if adapted else (None, {})
        self.llm = LLM(
            str(whole),
            dtype=models.resolve(folder, loading).dtype,
            tensor_parallel_size=spread(config.get_text_config().num_attention_heads, torch.cuda.device_count()),
            max_model_len=-1,  # what the model reads, or less where memory holds no more
            enable_chunked_prefill=torch.cuda.is_available(),  # on a processor prompts with seeds are not to be cut
            load_format="safetensors",
            use_tqdm_on_load=False,
            generation_config="vllm",
            skip_tokenizer_init=True,
            enable_prefix_caching=True,
            **options,
        )
        limit = self.llm.model_config.get_vocab_size()
        self.stops = sorted(token for token in self.ends | encoder.line_breaks() if token < limit)

    def answer(
        self,
        prompts: Sequence[Prompt],
        decoding: Decoding,
        samples: int,
        greedy: bool = True,
        follow: Follow | None = None,
    ) -> Iterator[Answer]:
        """Answer every prompt, group by group; see :meth:`sampling.Engine.answer`. Every sample is drawn to its end.

        Raises:
            UserError: a prompt with its answer is longer than what vLLM can read.
        """
        ordered = sorted(prompts, key=lambda prompt: prompt.group)  # the cache forgets what was long not asked
        for start in range(0, len(ordered), TOGETHER):
            chosen = ordered[start : start + TOGETHER]
            tokens = self.encoder.prompts([prompt.text for prompt in chosen])
            self._check_lengths(tokens, decoding.max_new_tokens)
            best, drawn = [[None]] * len(chosen), [[]] * len(chosen)
            if greedy:
                best = self._texts(tokens, [self._params(decoding, temperature=0)] * len(chosen))
            if samples:
                how = {"temperature": decoding.temperature, "top_k": decoding.top_k, "n": samples}
                seeds = prompt_seeds(chosen, decoding)
                drawn = self._texts(tokens, [self._params(decoding, seed=seed, **how) for seed in seeds])
            for prompt, [text], texts in zip(chosen, best, drawn, strict=True):
                yield Answer(prompt, text, texts)

    def _check_lengths(self, tokens: list[list[int]], new: int) -> None:
        longest, limit = max(map(len, tokens)), self.llm.model_config.max_model_len
        if longest + new > limit:
            raise UserError(
                f"knowledge.shots: a prompt has {longest} tokens and its answer up to {new}, vLLM reads {limit} of "
                "this model here. Lower knowledge.shots or knowledge.max_new_tokens, or leave out long questions."
            )

    def _params(self, decoding: Decoding, **how: Any) -> "SamplingParams":
        from vllm import SamplingParams

        return SamplingParams(max_tokens=decoding.max_new_tokens, stop_token_ids=self.stops, detokenize=False, **how)

    def _texts(self, tokens: list[list[int]], params: list["SamplingParams"]) -> list[list[str]]:
        """Return the texts that answer each prompt, as many as its params ask for."""
        asked = [{"prompt_token_ids": row} for row in tokens]
        given = self.llm.generate(asked, params, use_tqdm=False, lora_request=self.adapter)
        return [
            self.encoder.texts(
                [[token for token in one.token_ids if token not in self.ends] for one in answers.outputs]
            )
            for answers in given
        ]


def spread(heads: int, gpus: int) -> int:
    """Return on how many GPUs a model is spread: the largest power of two among them that divides its heads."""
    size = 1
    while 2 * size <= gpus and heads % (2 * size) == 0:
        size *= 2
    return size


def prompt_seeds(prompts: Sequence[Prompt], decoding: Decoding) -> list[int]:
    """Return the seed of each prompt's samples, below 2**53; vLLM adds the number of the sample to it."""
    keys = np.array([int(prompt.id, 16) for prompt in prompts], dtype=np.uint64)
    numbers = np.array([prompt.number for prompt in prompts])
    places = np.full(len(prompts), decoding.draw << 12)
    return [int(u * 2**53) for u in streams.uniforms(decoding.seed, keys, numbers, places, 0)]


def _prepare() -> None:
    """Set vLLM up, before it is imported: it reads the environment then."""
    if find_spec("vllm") is None:
        raise UserError(
            "knowledge.engine: vllm is not installed. Make an environment of its own for the workflow, as the head of "
            "envs/requirements-vllm.txt says, and run it there; or set knowledge.engine to native."
        )
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    logging.getLogger("vllm").setLevel(logging.ERROR)


def _generation_config(folder: Path, config: PreTrainedConfig) -> GenerationConfig:
    try:
        return GenerationConfig.from_pretrained(str(folder), local_files_only=True)
    except OSError:  # it has none
        return GenerationConfig.from_model_config(config)


def _adapter(checkpoint: str | Path) -> tuple["LoRARequest", dict[str, Any]]:
    """Return what names an adapter in a request, and the options that make room for it."""
    from vllm.config.lora import MaxLoRARanks
    from vllm.lora.request import LoRARequest

    rank = json.loads((Path(checkpoint) / models.ADAPTER).read_text(encoding="utf-8"))["r"]
    room = [size for size in get_args(MaxLoRARanks) if size >= rank]
    if not room:
        raise UserError(f"{checkpoint}: vLLM knows no adapter of rank {rank}; set knowledge.engine to native.")
    return LoRARequest("checkpoint", 1, str(checkpoint)), {"enable_lora": True, "max_lora_rank": min(room)}
