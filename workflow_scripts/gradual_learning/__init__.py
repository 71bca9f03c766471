"""Gradual learning: categorize what a language model knows, fine-tune it in stages, measure gain and forgetting.

Importing the package sets the offline switches of the hub's libraries, before any of them reads its own. Only
:mod:`gradual_learning.models.hub` uses the network, while it downloads, and not if the user has set HF_HUB_OFFLINE or
TRANSFORMERS_OFFLINE. Child processes inherit the switches, so what the user has set is kept in a variable of its own.

Figures do not depend on the user's settings of matplotlib either, some of which end its import.

It also lets idle OpenMP threads sleep instead of spin, before torch starts them. Spinning threads of one process slow
down all others on the same cores; three trainings with two threads each on two cores took 4 times as long.
"""

import os

USER_OFFLINE_VARIABLE = "GRADUAL_LEARNING_USER_OFFLINE"


def _is_set_to_offline() -> bool:
    value = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return value.upper() in ("1", "ON", "YES", "TRUE")


USER_IS_OFFLINE = os.environ.setdefault(USER_OFFLINE_VARIABLE, str(int(_is_set_to_offline()))) == "1"

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
os.environ.update(MPLBACKEND="agg", MATPLOTLIBRC=os.devnull)
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
