"""Data sets: each module reads one published layout and yields its records, checked but otherwise unchanged."""
