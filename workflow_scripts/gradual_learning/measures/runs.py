"""What the checkpoints of an experiment answered and knew, as arrays that line up by question and by seed."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from gradual_learning.records import CATEGORIES, EVALUATION, KNOWLEDGE, UserError, read_json_lines, read_table

FULL = "Full"
BASE = "base"
RETEST = "base (retest)"
FEW_SHOT = "few-shot"  # in the column `epoch`: the base model under the exemplars of its labelling
NO_EPOCH = NO_SEED = "-"  # the base model has neither


def chain_name(stages: Sequence[str]) -> str:
    """Name a chain of stages, for example ``maybe_known+gradual``; the empty chain is the base model."""
    return "+".join(stages) if stages else BASE


def checkpoint_name(stages: Sequence[str], seed: int) -> str:
    """Name the checkpoint at the end of a chain of stages, for example ``maybe_known+gradual/seed1``."""
    return f"{chain_name(stages)}/seed{seed}"


def split_name(checkpoint: str) -> tuple[str, str]:
    """Split a checkpoint name into its chain and its seed; the base model has the seed ``-``."""
    chain, _, seed = checkpoint.partition("/seed")
    return chain, seed or NO_SEED


def by_checkpoint(checkpoints: Sequence[str], paths: Sequence[str]) -> dict[str, str]:
    """Pair checkpoints with their files.

    Raises:
        ValueError: the lists differ in length, or a checkpoint occurs twice.
    """
    files = dict(zip(checkpoints, paths, strict=True))
    if len(files) != len(paths):
        raise ValueError(f"a checkpoint occurs twice in {list(checkpoints)}")
    return files


def read_knowledge(path: str) -> pd.DataFrame:
    """Read a table of categories in the order of ids, its category as an ordered categorical.

    Raises:
        UserError: a question occurs twice, or its category is none of the four.
    """
    known = read_table(path, KNOWLEDGE).sort_values("id", ignore_index=True)
    stray = set(known["category"]) - set(CATEGORIES)
    if stray or known["id"].duplicated().any():
        fault = f"unknown category {stray}" if stray else "a question occurs twice"
        raise UserError(f"{path}: {fault}. Remove the file and run again.")
    return known.assign(category=pd.Categorical(known["category"], CATEGORIES, ordered=True))


def read_matching(path: str, ids: Sequence[str]) -> pd.DataFrame:
    """Read a table of categories that must speak of exactly the questions ``ids`` (sorted)."""
    known = read_knowledge(path)
    _same_questions(path, known["id"], ids)
    return known


def read_correct(path: str, ids: Sequence[str]) -> np.ndarray:
    """Read which of the questions ``ids`` (sorted) were answered right: bool, shape (questions,).

    Raises:
        UserError: the file speaks of other questions.
    """
    answers = read_table(path, EVALUATION).sort_values("id", ignore_index=True)
    _same_questions(path, answers["id"], ids)
    return answers["correct"].to_numpy(dtype=bool)


def _same_questions(path: str, found: Iterable[str], ids: Iterable[str]) -> None:
    found, ids = list(found), list(ids)
    if found != ids:
        odd = len(set(found) ^ set(ids))
        raise UserError(
            f"{path}: not the questions of this experiment ({len(found)} for {len(ids)}, {odd} in one of the two only)."
            " Remove the file and run again."
        )


def answers(
    base: str,
    epochs: Mapping[str, Mapping[str, str]],
    strategies: Mapping[str, Sequence[str]],
    seeds: Sequence[int],
    ids: Sequence[str],
) -> dict[tuple[str, str], np.ndarray]:
    """Read what the base model and the ends of all strategies answer right.

    Args:
        base: the evaluation of the base model.
        epochs: for each epoch (best, convergence) the evaluations by checkpoint.
        strategies: the stages of each strategy.
        seeds: seeds of every strategy.
        ids: the questions, sorted.

    Returns:
        For each (strategy, epoch) a bool array, shape (questions, seeds); the base model comes first, with one column.
    """
    found = {(BASE, NO_EPOCH): read_correct(base, ids)[:, None]}
    for epoch, files in epochs.items():
        for name, stages in strategies.items():
            columns = [read_correct(files[checkpoint_name(stages, seed)], ids) for seed in seeds]
            found[name, epoch] = np.stack(columns, axis=1)
    return found


def best_answers(
    base: str,
    checkpoints: Sequence[str],
    best: Sequence[str],
    strategies: Mapping[str, Sequence[str]],
    seeds: Sequence[int],
    ids: Sequence[str],
) -> dict[str, np.ndarray]:
    """Read as :func:`answers` does, of the best epochs alone; ``best`` lies parallel to ``checkpoints``."""
    found = answers(base, {"best": by_checkpoint(checkpoints, best)}, strategies, seeds, ids)
    return {strategy: right for (strategy, _), right in found.items()}


def labels(
    files: Mapping[str, str], strategies: Mapping[str, Sequence[str]], seeds: Sequence[int], ids: Sequence[str]
) -> dict[str, list[pd.DataFrame]]:
    """Read the categories under the ends of the strategies that are labelled: one table a seed."""
    ends = {name: [checkpoint_name(stages, seed) for seed in seeds] for name, stages in strategies.items()}
    return {
        name: [read_matching(files[end], ids) for end in wanted]
        for name, wanted in ends.items()
        if all(end in files for end in wanted)
    }


def membership(known: pd.DataFrame) -> np.ndarray:
    """Tell the category of each question: 0/1, shape (questions, 4)."""
    return (known["category"].cat.codes.to_numpy()[:, None] == np.arange(len(CATEGORIES))).astype(np.int8)


def labelled_chains(strategies: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """List the chains whose questions are labelled: of every strategy of two stages or more, itself and its prefixes.

    Each once, shorter before longer, in the order of the strategies.
    """
    long = [stages for stages in strategies.values() if len(stages) > 1]
    chains = [tuple(stages[:length]) for stages in long for length in range(1, len(stages) + 1)]
    return sorted(dict.fromkeys(chains), key=len)


def trained_on(data: Mapping[str, str], stages: Sequence[str], seed: int) -> set[str]:
    """List the ids of all questions that a chain of stages trained on; ``data``: training files by checkpoint."""
    ends = [checkpoint_name(stages[:length], seed) for length in range(1, len(stages) + 1)]
    return {row["id"] for end in ends for row in read_json_lines(data[end])}
