"""Completes the configuration: checks it, fills in its defaults, and reports all faults at once."""

import functools
import os
from pathlib import Path

import yaml
from snakemake.utils import validate

from gradual_learning.configuration.check import complete
from gradual_learning.configuration.duplicate_keys import duplicate_keys
from gradual_learning.jobs import fingerprint, locks
from gradual_learning.jobs.errors import UserError

SCHEMA = workflow.source_path("../schemas/config.schema.yaml")

with open(SCHEMA, encoding="utf-8") as handle:
    schema = yaml.safe_load(handle)

if repeated := [fault for file in workflow.configfiles if os.path.isfile(file) for fault in duplicate_keys(file)]:
    raise WorkflowError("\n".join(repeated))

try:
    config.update(complete(config, schema, lambda settings: validate(settings, SCHEMA)))
except UserError as error:
    raise WorkflowError(str(error))


def configured_path(section, key):
    """Return the path that a key of the configuration names, as the user wrote it, or None where it is null.

    It is a ``Path``, since Snakemake 9.27 does not compare params of this type: where a file lies changes no result.
    """
    path = config[section][key]
    if path is not None and not os.path.exists(path):
        raise WorkflowError(f"{section}.{key}: there is no {path} in {os.getcwd()}; fix the path, or use --directory")
    return path and Path(plain_path(path, f"{section}.{key}"))


@functools.cache
def content(section, key):
    """Return a hash of the file or folder that a key of the configuration names, or None where it is null."""
    path = configured_path(section, key)
    describe = fingerprint.content_hash if section == "model" else fingerprint.checksum
    return path and describe(path)


def settings_of(section, *keys):
    """Return settings of a section of the configuration, by their keys."""
    return {key: config[section][key] for key in keys}


def is_pretrained():
    """Return whether the workflow pretrains the base model on the documents of the simulated world."""
    return config["model"]["source"] == "pretrain"


def is_simulated():
    """Return whether the questions ask for invented facts."""
    return config["data"]["source"] == "simulated"


def tracked_params(**params):
    """Return the params of a rule as one dict, in which functions of the wildcards are replaced by their values.

    Snakemake 9.27 compares params as a set of values, without their names: a seed that changes from 0 to 1, next to
    another 0 and another 1, goes unnoticed (persistence.params_changed). One dict holds names and values.
    """

    def settings(wildcards):
        return {name: value(wildcards) if callable(value) else value for name, value in params.items()}

    return {"settings": settings}
