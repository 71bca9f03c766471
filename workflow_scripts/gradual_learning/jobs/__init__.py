"""What every job needs and what cannot change a number: logs, errors, resuming, GPU locks, progress, atomic files.

These modules are not inputs of any rule, so that an edit reruns nothing. Therefore they import nothing from the rest of
the library, and nothing that affects a result belongs here: threads and determinism are in ``models/determinism.py``.
"""
