"""The configuration: its schema, renamed keys, the consistency of its keys, and its reference page."""
