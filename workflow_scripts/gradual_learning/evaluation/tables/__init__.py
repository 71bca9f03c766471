"""One module per table, with ``tabulate``: it reads the files of the checkpoints and returns the table."""
