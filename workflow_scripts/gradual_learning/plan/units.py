"""Numbers of a plan with their units, as text."""


def format_bytes(number: float) -> str:
    """Format a number of bytes, for example ``1.5 GB``."""
    return f"{number / 1e9:,.1f} GB" if number >= 1e8 else f"{number / 1e6:,.1f} MB"


def format_count(number: float) -> str:
    """Format a number, a large one with three digits, for example ``2.03 M``."""
    for unit, least, size in (("G", 1e9, 1e9), ("M", 1e6, 1e6), ("k", 1e4, 1e3)):
        if number >= least:
            return f"{number / size:.3g} {unit}"
    return f"{number:,.0f}"


def format_duration(seconds: float) -> str:
    """Format seconds, for example ``1.5 min``."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.0f} s"
