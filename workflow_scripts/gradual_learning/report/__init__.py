"""What a run shows, in words: the summary, the pages of the report, how it was made."""
