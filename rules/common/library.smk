"""Finds the files of the library: makes it importable here, and tracks the code that a script depends on."""

import functools
import hashlib
import os
import sys

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import DeploymentMethod

SCRIPTS = "workflow_scripts"
MEASURING = (
    *("simulate_world", "prepare_questions", "build_prompts", "pretrain_base_model", "categorize_knowledge"),
    *("answer_few_shot", "answer_zero_shot", "query_checkpoint", "select_training_data", "finetune"),
    *("evaluate_checkpoint", "tabulate_comparisons"),
)
RERUNS_NOTHING = "gradual_learning/jobs/"  # cannot change a number: its modules are not tracked
USES_CONDA = DeploymentMethod.CONDA in workflow.deployment_settings.deployment_method
ENVIRONMENTS = ["envs/analysis.yaml", "envs/llm.yaml"] if USES_CONDA else []


def plain_path(path, place):
    """Return a path that Snakemake takes as it is, without its marks of wildcards and of pathvars."""
    if found := sorted(set("{}<>") & set(path)):
        raise WorkflowError(f"{place}: Snakemake gives {' '.join(found)} in {path!r} another meaning; rename the path")
    return path


plain_path(workflow.current_basedir.get_path_or_uri(secret_free=True), "the folder of the workflow")


@functools.cache
def project_file(relative):
    """Return the path of a file of this project, cached where the workflow is remote, or None without one."""
    try:
        cached = workflow.source_path(f"../../{relative}")
    except (OSError, WorkflowError):
        return None
    original = cached.flags["sourcecache_entry"]
    return original if os.path.isfile(original) else cached


def source_file(relative):
    """Return the path of a file below workflow_scripts/, or None without one."""
    return project_file(f"{SCRIPTS}/{relative}")


# what the import below needs, cached next to each other where the workflow is remote
needed = [source_file(f"gradual_learning/{file}") for file in ("__init__.py", "jobs/__init__.py", "jobs/imports.py")]
if (scripts := os.path.dirname(os.path.dirname(os.path.abspath(needed[0])))) not in sys.path:
    sys.path.insert(0, scripts)

from gradual_learning.jobs.imports import Library

LIBRARY = Library(source_file)
LIBRARY.closure([], ["configuration.check", "configuration.duplicate_keys", "configuration.replicates"])
LIBRARY.closure([], ["experiment", "report.subjects"])
LIBRARY.closure([], ["jobs.fingerprint", "jobs.locks"])


@functools.cache
def code_files(script, *modules):
    """List the files that a script depends on: itself, the modules that it imports, and its environment under conda.

    What a script imports by a computed name is given as ``modules``.
    """
    if source_file(f"{script}.py") is None:
        raise WorkflowError(f"there is no {SCRIPTS}/{script}.py")
    files = LIBRARY.closure([f"{script}.py"], modules)  # caches all of them where the workflow is remote
    return [*(f"{SCRIPTS}/{file}" for file in files if not file.startswith(RERUNS_NOTHING)), *ENVIRONMENTS]


def read_project_file(file):
    """Return the text of a file of this project."""
    with open(project_file(file), encoding="utf-8") as handle:
        return handle.read()


@functools.cache
def digest(file):
    """Return a short hash of the content of a file of this project."""
    return hashlib.sha256(read_project_file(file).encode()).hexdigest()[:16]


def tracked_code(script, *modules):
    """Return params that hold the code of a script, so that an edit reruns what it changes and nothing else.

    Snakemake compares files by path and date, which another clone changes; these params hold names and content alone.
    There is one for each file, so that Snakemake names the edited file as the reason.
    """
    files = code_files(script, *modules)
    return {f"code_{number}": f"{file} {digest(file)}" for number, file in enumerate(files)}


def measuring_code(*modules):
    """Return a short hash of the code that makes the effects of a run, from the world to the comparisons."""
    files = {file for script in MEASURING for file in code_files(script, *modules)} - set(ENVIRONMENTS)
    return hashlib.sha256(" ".join(map(digest, sorted(files))).encode()).hexdigest()[:12]
