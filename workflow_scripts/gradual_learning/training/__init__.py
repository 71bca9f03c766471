"""Training sets of stages, and fine-tuning."""
