"""Models in GGUF files, the format of llama.cpp: read, checked, and converted once to Hugging Face layout."""
