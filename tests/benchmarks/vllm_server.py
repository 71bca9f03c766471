"""Answers with vLLM what comes in on standard input; run by vLLM's own interpreter, so it imports nothing else.

The one argument is a JSON object: ``model``, ``stops``, ``samples``, ``temperature``, ``top_k``, ``max_new_tokens`` and
``longest`` (tokens of a prompt with its answer). Each line of input is a JSON list of prompts as token ids; each line
of output, once that is answered, ``[seconds, greedy answers as token ids]``.
"""

import json
import os
import sys
import time

from vllm import LLM, SamplingParams


def serve(task: dict) -> None:
    """Answer until the input ends."""
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever vLLM prints goes where its log goes
    llm = LLM(task["model"], dtype="float32", enable_prefix_caching=True, max_model_len=task["longest"])
    stops = {"max_tokens": task["max_new_tokens"], "stop_token_ids": task["stops"], "detokenize": False}
    greedy = SamplingParams(temperature=0, **stops)
    drawn = SamplingParams(n=task["samples"], temperature=task["temperature"], top_k=task["top_k"], **stops)
    for line in sys.stdin:
        prompts = [{"prompt_token_ids": row} for row in json.loads(line) for _ in (greedy, drawn)]
        llm.reset_prefix_cache()
        start = time.perf_counter()
        outputs = llm.generate(prompts, [greedy, drawn] * (len(prompts) // 2), use_tqdm=False)
        seconds = time.perf_counter() - start
        print(json.dumps([seconds, [list(one.outputs[0].token_ids) for one in outputs[::2]]]), file=told, flush=True)


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))
