"""Answer prompts from standard input with vLLM; runs in the environment of vLLM, so it imports nothing else.

The only argument is a JSON object: ``model``, ``stop_tokens``, ``samples``, ``temperature``, ``top_k``,
``max_new_tokens`` and ``max_model_len`` (tokens of a prompt with its answer). Each line of input is a JSON list of
prompts as token ids; each line of output is ``[seconds, greedy answers as token ids]``.
"""

import json
import os
import sys
import time

from vllm import LLM, SamplingParams


def serve(task: dict) -> None:
    """Answer prompts until the input ends."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what vLLM prints goes to its log
    llm = LLM(task["model"], dtype="float32", enable_prefix_caching=True, max_model_len=task["max_model_len"])
    limits = {"max_tokens": task["max_new_tokens"], "stop_token_ids": task["stop_tokens"], "detokenize": False}
    greedy = SamplingParams(temperature=0, **limits)
    sampled = SamplingParams(n=task["samples"], temperature=task["temperature"], top_k=task["top_k"], **limits)
    for line in sys.stdin:
        prompts = [{"prompt_token_ids": row} for row in json.loads(line) for _ in (greedy, sampled)]
        llm.reset_prefix_cache()
        start = time.perf_counter()
        requests = llm.generate(prompts, [greedy, sampled] * (len(prompts) // 2), use_tqdm=False)
        seconds = time.perf_counter() - start
        answers = [list(request.outputs[0].token_ids) for request in requests[::2]]
        print(json.dumps([seconds, answers]), file=output, flush=True)


if __name__ == "__main__":
    serve(json.loads(sys.argv[1]))
