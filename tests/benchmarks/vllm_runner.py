"""vLLM in a separate process and environment; its start-up and the loading of the model are not timed."""

import json
import os
import subprocess
from pathlib import Path
from typing import Self

import pandas as pd

from baselines import texts
from cases import DECODING, SAMPLES, Case, Greedy
from gradual_learning.generation.engine import Engine

SERVER = Path(__file__).with_name("vllm_server.py")
KV_CACHE_SPACE = "4"  # GiB, on a CPU


class Vllm:
    """The client of ``vllm_server.py``; its ``with`` block ends the server.

    Args:
        python: the interpreter of an environment with vLLM.
        engine: provides the encoder, the stop tokens and the model.
        case: the model and the questions.
        questions: how many questions to answer.
        threads: cores that vLLM may use.
        log: the file for the messages of vLLM.
    """

    name = "vllm"

    def __init__(self, python: Path, engine: Engine, case: Case, questions: int, threads: int, log: Path) -> None:
        self.engine, self.case, self.questions, self.log = engine, case, questions, log
        longest = max(map(len, self._tokens(case.questions))) + DECODING.max_new_tokens
        task = {"model": str(case.model), "stop_tokens": engine.stop_tokens.tolist(), "samples": SAMPLES}
        task |= {name: getattr(DECODING, name) for name in ("temperature", "top_k", "max_new_tokens")}
        task["max_model_len"] = longest
        own = {"HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": KV_CACHE_SPACE}
        own["VLLM_CPU_OMP_THREADS_BIND"] = f"0-{threads - 1}"
        self.server = subprocess.Popen(
            [python, SERVER, json.dumps(task)],
            env=os.environ | own,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log.open("w"),
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.server.stdin.close()
        self.server.wait()

    def run(self, questions: pd.DataFrame) -> tuple[float, Greedy]:
        """Answer questions; return the seconds within vLLM and the greedy answers."""
        print(json.dumps(self._tokens(questions)), file=self.server.stdin, flush=True)
        line = self.server.stdout.readline()
        if not line:
            raise RuntimeError(f"vLLM exited without an answer; see {self.log}")
        seconds, rows = json.loads(line)
        prompts = self.case.few_shot_prompts(questions)
        answers = texts(self.engine, rows)
        return seconds, {(prompt.id, prompt.number): text for prompt, text in zip(prompts, answers, strict=True)}

    def _tokens(self, questions: pd.DataFrame) -> list[list[int]]:
        return self.engine.encoder.encode_prompts([prompt.text for prompt in self.case.few_shot_prompts(questions)])
