"""What an experiment will take before it is run: its work counted, this machine timed, what it needs checked."""
