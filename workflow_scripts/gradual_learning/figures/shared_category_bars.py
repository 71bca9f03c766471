"""Bars that stack the shares of the four categories, as several figures draw them."""

from collections.abc import Callable
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from gradual_learning.figures import style

MIN_LABELED = 6  # percent from which a share has room for its number
LOOK: dict[str, Any] = {"edgecolor": "white", "linewidth": 0.7}
NUMBER: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7, "zorder": 4}


def draw_category_bar(axes: Axes, position: int, shares: pd.Series, horizontal: bool) -> None:
    """Draw one stacked bar; numbers are written where there is room.

    Args:
        axes: where to draw.
        position: of the bar among the others.
        shares: percent by category, best known first; missing ones count as 0.
        horizontal: whether the bar is a row, otherwise it is a column.
    """
    bar: Callable[..., object] = axes.barh if horizontal else axes.bar
    start = 0.0
    for category, share in shares.fillna(0).items():
        offset = {"left" if horizontal else "bottom": start}
        bar(position, share, 0.74, color=style.CATEGORY_COLORS[str(category)], **offset, **LOOK)
        if share >= MIN_LABELED:
            x, y = (start + share / 2, position) if horizontal else (position - 0.2, start + share / 2)
            axes.text(x, y, f"{share:.0f}", color=style.CATEGORY_INK[str(category)], **NUMBER)
        start += share
