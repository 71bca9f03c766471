"""Estimates of an experiment before it runs: its work is counted, this machine timed, its requirements checked."""
