"""Gradual learning: sort what a language model knows, teach it in stages, measure gain and forgetting."""
