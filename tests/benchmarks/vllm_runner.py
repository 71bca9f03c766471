"""vLLM in a process and an environment of its own; its start and reading of the model are not counted."""

import json
import os
import subprocess
from pathlib import Path
from typing import Self

import pandas as pd

from baselines import texts
from cases import DECODING, SAMPLES, Case, Greedy
from gradual_learning.sampling import Engine

SERVER = Path(__file__).with_name("vllm_server.py")
SPACE = "4"  # GiB for keys and values on a processor


class Vllm:
    """The server's other end; closed by its ``with`` block.

    Args:
        python: the interpreter of an environment that holds vLLM.
        engine: whose tokens, stops and model are used.
        case: what is asked.
        questions: how many of them.
        threads: cores that it may use.
        log: where vLLM's messages go.
    """

    name = "vllm"

    def __init__(self, python: Path, engine: Engine, case: Case, questions: int, threads: int, log: Path) -> None:
        self.engine, self.case, self.questions = engine, case, questions
        longest = max(map(len, self._tokens(case.questions))) + DECODING.max_new_tokens
        task = {"model": str(case.model), "stops": engine.stops.tolist(), "samples": SAMPLES, "longest": longest}
        task |= {name: getattr(DECODING, name) for name in ("temperature", "top_k", "max_new_tokens")}
        own = {"HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": SPACE, "VLLM_CPU_OMP_THREADS_BIND": f"0-{threads - 1}"}
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
        """Answer questions; the seconds are those that vLLM itself took."""
        print(json.dumps(self._tokens(questions)), file=self.server.stdin, flush=True)
        line = self.server.stdout.readline()
        if not line:
            raise RuntimeError("vLLM ended before it answered; its log says why")
        seconds, rows = json.loads(line)
        said = texts(self.engine, rows)
        asked = self.case.asked(questions)
        return seconds, {(one.id, one.number): text for one, text in zip(asked, said, strict=True)}

    def _tokens(self, questions: pd.DataFrame) -> list[list[int]]:
        return self.engine.encoder.prompts([prompt.text for prompt in self.case.asked(questions)])
