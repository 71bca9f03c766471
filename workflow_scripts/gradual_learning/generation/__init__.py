"""Greedy and sampled answers of a model to many prompts."""
