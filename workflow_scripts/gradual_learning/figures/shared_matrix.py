"""A matrix of shares in percent, with the number in every cell."""

import numpy as np
from matplotlib.axes import Axes

from gradual_learning.figures import style


def draw_shares(axes: Axes, shares: np.ndarray, highest: float = 100, faint: np.ndarray | None = None) -> None:
    """Draw a matrix of shares, darker where they are higher.

    Args:
        axes: where to draw.
        shares: in percent, shape (rows, columns); NaN leaves a cell empty.
        highest: share of the darkest shade.
        faint: cells to draw without a shade, bool, of the same shape.
    """
    is_faint = np.zeros(shares.shape, dtype=bool) if faint is None else faint
    axes.imshow(np.where(is_faint, 0, shares), cmap=style.SHADES, vmin=0, vmax=highest, aspect="auto")
    for (i, j), share in np.ndenumerate(shares):
        if np.isfinite(share):
            ink = style.PALE if is_faint[i, j] else "white" if share > 0.55 * highest else style.INK
            size = 6.5 if share < 99.5 else 5.2  # three digits are wide
            axes.text(j, i, f"{share:.0f}", ha="center", va="center", fontsize=size, color=ink)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
