"""The runs that are combined: replicates, each a module of its own with this workflow, and folders of finished runs."""

import copy

from snakemake.utils import update_config

from gradual_learning.configuration.replicates import run_names, twins

FINISHED = config["combine"]["results"]
REPLICATES = config["combine"]["replicates"]


def own_folder(pathvar, name):
    """Return the folder of a replicate for its results, logs or benchmarks."""
    return f"{workflow.pathvars.apply(f'<{pathvar}>')}/replicates/{name}"


def replicate_settings(name):
    """Return the configuration of a replicate: that of this experiment with its changes, in folders of its own."""
    settings = copy.deepcopy({key: value for key, value in config.items() if key != "combine"})
    update_config(settings, copy.deepcopy(REPLICATES[name]))
    return settings | {"pathvars": {key: own_folder(key, name) for key in ("results", "logs", "benchmarks")}}


def run_files(name):
    """List a file of all runs that are combined; those of finished runs must exist."""
    if len(RUNS) < 2:
        raise WorkflowError("combine: name two or more runs in combine.replicates or combine.results")
    if missing := [folder for folder in FINISHED if not os.path.isfile(f"{folder}/{name}")]:
        raise WorkflowError(f"combine.results: no {name} in {', '.join(missing)}; finish these runs with this version")
    return [f"{folder}/{name}" for folder in RUNS.values()]


RUNS = {name: own_folder("results", name) for name in REPLICATES}
RUNS |= dict(zip(run_names([*RUNS.values(), *FINISHED])[len(RUNS) :], FINISHED))
REPLICATE_SETTINGS = {name: replicate_settings(name) for name in REPLICATES}
if same := list(twins(REPLICATE_SETTINGS)):
    raise WorkflowError("\n".join(f"combine.replicates: {twin}; give it other seeds" for twin in same))

for replicate, replicate_prefix in [(name, f"{name}_") for name in REPLICATES]:

    module:
        name: replicate
        snakefile:
            "../../Snakefile"
        config:
            REPLICATE_SETTINGS[replicate]

    use rule * from replicate as replicate_prefix*
