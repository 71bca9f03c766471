"""Base models: files, loading, tokenization, pretraining, downloads."""
