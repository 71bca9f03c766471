"""Questions: sources, cleaning, splits, prompts, and the simulated world."""
