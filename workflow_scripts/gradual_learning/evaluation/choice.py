"""The choice of a strategy by validation accuracy, with all seeds and without each of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from gradual_learning.evaluation.checkpoints import Design
from gradual_learning.evaluation.table_values import ALL
from gradual_learning.experiment import chain_name

CHEAPER = 0.9  # of a cost: smaller savings can be due to early stopping alone
COSTS = ["steps", "generations"]


@dataclass(frozen=True)
class Choice:
    """What decides between strategies without any test question.

    Attributes:
        correct: number of correct validation answers at the best epoch of the last stage, one row per strategy, one
            column per seed.
        questions: number of validation questions.
        costs: steps and generations of one training run of each strategy; for ``base``, of its labeling and evaluation.
        stages: number of stages of each strategy.
        matched: strategies that take their number of steps from another one, which must therefore be trained too.
    """

    correct: pd.DataFrame
    questions: int
    costs: pd.DataFrame
    stages: pd.Series
    matched: Sequence[str] = ()

    @classmethod
    def from_tables(
        cls, curves: pd.DataFrame, cost: pd.DataFrame, questions: int, design: Design, matched: Sequence[str] = ()
    ) -> "Choice":
        """Read tables/learning_curves.tsv and tables/cost.tsv.

        Args:
            curves: validation accuracy by checkpoint, seed and epoch.
            cost: steps and generations by strategy, summed over seeds.
            questions: number of validation questions.
            design: strategies and seeds.
            matched: strategies that take their number of steps from another one.
        """
        best = curves[curves["best"]].set_index(["checkpoint", "seed"])["validation_accuracy"]
        chains = design.strategies
        accuracies = {name: [best[chain_name(chain), seed] for seed in design.seeds] for name, chain in chains.items()}
        table = pd.DataFrame.from_dict(accuracies, orient="index", columns=list(design.seeds))
        totals = cost[cost["activity"] == ALL].set_index("strategy")[COSTS].astype(float)
        totals.loc[list(chains)] /= len(design.seeds)
        stages = pd.Series({name: len(chain) for name, chain in chains.items()})
        return cls((table * questions).round().astype(int), questions, totals, stages, matched)

    def chosen(self, seeds: Sequence[int] | None = None) -> str:
        """Return the strategy with the most correct validation answers; of equals the one with the fewest steps.

        Args:
            seeds: that decide, by default all.
        """
        correct = self.correct if seeds is None else self.correct[list(seeds)]
        return _first(-correct.sum(axis=1), self.costs["steps"])

    def without_each_seed(self) -> dict[int, str]:
        """Return, for each seed, the strategy that all other seeds choose; empty where there is only one seed."""
        seeds = list(self.correct.columns)
        rest = {seed: [other for other in seeds if other != seed] for seed in seeds}
        return {seed: self.chosen(others) for seed, others in rest.items() if others}

    def simplest(self) -> str:
        """Return the strategy with the fewest stages, of equals the one with the fewest steps.

        One without any step, which found no question to train on, and ``matched`` ones come last.
        """
        steps = self.costs["steps"].reindex(self.stages.index)
        last = (steps == 0) | steps.index.isin(self.matched)
        return _first(last, self.stages, steps)

    def cheaper(self) -> list[str]:
        """List the strategies that need no more of anything than the chosen one, and clearly less of something.

        One without any step is the base model, and ``matched`` ones need the training of another strategy.
        """
        costs, chosen = self.costs.loc[self.stages.index], self.costs.loc[self.chosen()]
        saves = (costs <= chosen).all(axis=1) & ((costs <= CHEAPER * chosen) & (costs < chosen)).any(axis=1)
        trains = (costs["steps"] > 0) & ~costs.index.isin(self.matched)
        return list(costs.index[saves & trains])


def _first(*keys: pd.Series) -> str:
    """Return the label with the smallest values, the first key first; of equals the first one in order."""
    table = pd.concat([key.rename(place) for place, key in enumerate(keys)], axis=1, join="inner")
    return str(table.sort_values(list(table.columns), kind="stable").index[0])
