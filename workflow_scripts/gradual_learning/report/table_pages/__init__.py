"""Pages of the report that show a table without a figure: the caption of each, and its numbers in words."""
