"""SliCK: how well a model knows the answers to questions."""
