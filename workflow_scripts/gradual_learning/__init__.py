"""Gradual learning: sort what a language model knows, teach it in stages, measure gain and forgetting.

Importing the package takes the libraries of the hub offline, before any of them reads its switches. Only `hub` goes
online, for as long as it fetches, and only if the user has not set HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE.
"""

import os

_WISH = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
USER_IS_OFFLINE = _WISH.upper() in ("1", "ON", "YES", "TRUE")

os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", TRANSFORMERS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
