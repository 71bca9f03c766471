"""The exact alternative to sampling: how likely one sample is an accepted answer, read off the model and not drawn.

The tokens of every accepted answer are walked under the distribution that samples are drawn from (temperature, top-k):
the chance of an answer is the product of the chances of its tokens and of its end. Answers that agree so far are one
row, beside that of the greedy answer, and what top-k cuts off is walked no further.

Only answers as they are spelled count, each in the tokens that the tokenizer writes it in. Other case, articles or
marks that the judge lets pass, and other tokens that read the same, are not added: the chance is a lower bound.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from gradual_learning import records, rows
from gradual_learning.answers import Judge
from gradual_learning.encoding import Encoder
from gradual_learning.labelling import few_shot_prompts, first_line
from gradual_learning.progress import Progress
from gradual_learning.records import LIKELIHOODS
from gradual_learning.sampling import Decoding, Engine, Prompt

END = -1  # stands behind the last token of an answer
JUDGE = Judge("exact")


@dataclass(frozen=True)
class Score:
    """What one prompt is answered greedily, and the chance that one sample is an accepted answer as it is spelled."""

    prompt: Prompt
    greedy: str
    chance: float


@dataclass(frozen=True)
class _Paths:
    """The accepted answers under way in a batch, one entry each."""

    row: np.ndarray  # int64 [n], where the answer is
    owner: np.ndarray  # int64 [n], the prompt's place in the batch
    tokens: np.ndarray  # int64 [n, max_new_tokens], END behind the answer
    chance: np.ndarray  # float64 [n], of all tokens so far

    def take(self, kept: np.ndarray, chance: np.ndarray) -> "_Paths":
        return _Paths(self.row[kept], self.owner[kept], self.tokens[kept], chance[kept])


def label(
    engine: Engine,
    questions: pd.DataFrame,
    prompts: pd.DataFrame,
    size: int,
    folder: Path,
    told: Progress,
    decoding: Decoding,
) -> Iterator[pd.DataFrame]:
    """Score questions, ``size`` of them at a time; what is done is kept, so that a killed job goes on behind it.

    Args:
        engine: what reads.
        questions: columns of ``records.QUESTIONS``; those of a relation are taken together, as they share prompts.
        prompts: columns of ``records.PROMPTS``, of one draw.
        size: questions that are scored together.
        folder: where each part is kept; :func:`scratch.open_scratch` has made it, for all that the scores depend on.
        told: what counts the questions.
        decoding: how samples would be drawn; its seed and draw have no part in this.

    Yields:
        Columns of ``records.LIKELIHOODS``, by question id and prompt.
    """
    ordered = questions.sort_values("relation", kind="stable")
    for start in range(0, len(ordered), size):
        chosen, path = ordered.iloc[start : start + size], folder / f"{start:08d}.parquet"
        try:
            table = records.read_table(path, LIKELIHOODS)
        except records.UserError:  # missing or cut off
            table = _score_all(engine, chosen, prompts, decoding, told)
            records.write_table(table, LIKELIHOODS, path)
        told.finish(len(chosen))
        yield table


def _score_all(
    engine: Engine, questions: pd.DataFrame, prompts: pd.DataFrame, decoding: Decoding, told: Progress
) -> pd.DataFrame:
    gold = dict(zip(questions["id"], questions["answers"], strict=True))
    found = []
    for scored in score(engine, few_shot_prompts(questions, prompts), decoding, gold):
        found.append((scored.prompt.id, scored.prompt.number, scored.greedy, scored.chance))
        told.answer()
    return pd.DataFrame(found, columns=LIKELIHOODS.names).sort_values(["id", "prompt"], ignore_index=True)


@torch.inference_mode()
def score(
    engine: Engine, asked: Sequence[Prompt], decoding: Decoding, gold: Mapping[str, Sequence[str]]
) -> Iterator[Score]:
    """Score every prompt, group by group.

    Args:
        engine: what reads.
        asked: the prompts.
        decoding: how samples would be drawn.
        gold: the accepted answers by question id.

    Raises:
        UserError: a prompt with its answer is longer than what the model can read.
    """
    spelled, silent = spellings(engine.encoder, gold), _silent_ends(engine)
    for prompts, state in engine.batches(asked, decoding.max_new_tokens):
        paths = _start([spelled[prompt.id] for prompt in prompts], decoding.max_new_tokens)
        greedy, chances = _walk(state, paths, len(prompts), decoding, engine.stops, silent)
        said = [[token for token in row if token not in engine.ends and token != END] for row in greedy.tolist()]
        for prompt, text, chance in zip(prompts, engine.encoder.texts(said), chances.tolist(), strict=True):
            yield Score(prompt, first_line(text), chance)


def spellings(encoder: Encoder, gold: Mapping[str, Sequence[str]]) -> dict[str, list[tuple[int, ...]]]:
    """Return the distinct token ids of the accepted answers, by question id as they are given.

    Left out are those that do not read as the answer, with a line break or with a word that the tokenizer has no token
    for: no sample reads like them.
    """
    texts = sorted({text for own in gold.values() for text in own})
    ids = encoder.answers("A:", texts)
    told = [first_line(text) for text in encoder.texts(ids)]
    right = {text: tuple(row) for text, row, read in zip(texts, ids, told, strict=True) if JUDGE.correct(read, [text])}
    return {name: sorted({right[text] for text in own if text in right}) for name, own in gold.items()}


def _silent_ends(engine: Engine) -> np.ndarray:
    """Return the tokens that end an answer and leave it right: others hold a newline and a word in front of it."""
    stops = engine.stops.tolist()
    told = engine.encoder.texts([[] if token in engine.ends else [token] for token in stops])
    silent = [JUDGE.correct(first_line(f"x{text}"), ["x"]) for text in told]
    return engine.stops[silent]


def _start(spelled: list[list[tuple[int, ...]]], longest: int) -> _Paths:
    """Put the answers of every prompt on its row, those left out that are too long to be given."""
    short = [(place, row) for place, ids in enumerate(spelled) for row in ids if len(row) <= longest]
    owner = np.array([place for place, _ in short], dtype=np.int64)
    tokens = np.array([[*row, *[END] * (longest - len(row))] for _, row in short], dtype=np.int64)
    return _Paths(owner, owner, tokens.reshape(-1, longest), np.ones(len(short)))


def _walk(
    state: rows.Rows, paths: _Paths, count: int, decoding: Decoding, stops: np.ndarray, silent: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Follow the answers and the greedy tokens of a batch to their ends.

    Returns:
        The greedy tokens, int64 [count, max_new_tokens], END behind the last; and float64 [count], for every prompt
        the chance that a sample is one of its answers.
    """
    greedy, total = np.full((count, decoding.max_new_tokens), END), np.zeros(count)
    owner = row = np.arange(count)  # of the greedy answers under way
    for step in range(decoding.max_new_tokens):
        best = state.logits.argmax(dim=-1).cpu().numpy()[row]
        greedy[owner, step] = best
        paths = _follow(paths, state.logits, decoding, silent, step, total)
        going = ~np.isin(best, stops)
        owner, row, best = owner[going], row[going], best[going]
        if step + 1 == decoding.max_new_tokens or len(row) + len(paths.row) == 0:
            break
        width = state.logits.shape[-1]
        children = np.append(row * width + best, paths.row * width + paths.tokens[:, step])
        branches, place = np.unique(children, return_inverse=True)
        state.advance(branches // width, branches % width)
        row, paths = place[: len(owner)], replace(paths, row=place[len(owner) :])
    np.add.at(total, paths.owner, paths.chance)  # an answer as long as can be needs no token to end it
    return greedy, np.minimum(total, 1)


def _follow(
    paths: _Paths, logits: torch.Tensor, decoding: Decoding, silent: np.ndarray, step: int, total: np.ndarray
) -> _Paths:
    """Go one token on; add the chances of the answers that end here to ``total``, in place."""
    values, ids = logits.topk(min(decoding.top_k, logits.shape[-1]), dim=-1)
    chances = torch.softmax(values / decoding.temperature, dim=-1).double().cpu().numpy()
    ids = ids.cpu().numpy()
    token, row = paths.tokens[:, step], paths.row
    over = token == END
    ending = (chances * np.isin(ids, silent)).sum(axis=1)
    np.add.at(total, paths.owner[over], paths.chance[over] * ending[row[over]])
    chance = paths.chance * (chances[row] * (ids[row] == token[:, None])).sum(axis=1)
    return paths.take(chance > 0, chance)
