"""The look of all figures: fonts, colors and labels, and files that are the same byte for byte.

Colors derive from the palette of Okabe and Ito, which is safe for common forms of color blindness. A category has the
same color in every figure. Strategies differ in row and marker as well as in color.
"""

import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from gradual_learning.jobs.atomic_files import atomic_file
from gradual_learning.tables.schemas import CATEGORIES

WIDTH, HEIGHT = 7.2, 9.7  # inches: a text block of two columns, and the height of a page
LINE = 0.135  # inches of a line of 8 points
INK = "#222222"
PALE = "#767676"
FAINT = "#e3e3e3"
CATEGORY_COLORS = dict(zip(CATEGORIES, ["#0072B2", "#56B4E9", "#E69F00", "#BDBDBD"], strict=True))
CATEGORY_INK = dict(zip(CATEGORIES, ["white", INK, INK, INK], strict=True))  # text on the color
CATEGORY_LINES: dict[str, dict[str, Any]] = {  # a little darker than areas, each with its own dashes
    category: {"color": color, "linestyle": dashes}
    for category, color, dashes in zip(
        CATEGORIES,
        ["#0072B2", "#2E8BC6", "#B47B00", "#767676"],
        ["-", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1))],
        strict=True,
    )
}
STRATEGY_COLORS = ["#009E73", "#D55E00", "#AA4499", "#4B4BA8", "#7A5C2E", INK, "#999933"]
ACCENT = STRATEGY_COLORS[0]  # of a figure with one series
BLUE = CATEGORY_COLORS[CATEGORIES[0]]
SHADES = LinearSegmentedColormap.from_list("shares", ["#ffffff", "#7fb4dc", "#0a4f86"])
REFERENCE: dict[str, Any] = {"color": PALE, "linestyle": (0, (4, 2)), "linewidth": 1}
FEW_SHOT_REFERENCE: dict[str, Any] = {"color": PALE, "linestyle": (0, (1, 1.5)), "linewidth": 1.4}
MINUS, DASH, ARROW, BACK = "\N{MINUS SIGN}", "\N{EN DASH}", "\N{RIGHTWARDS ARROW}", "\N{LEFTWARDS ARROW}"

matplotlib.rcdefaults()  # whatever the user's own matplotlibrc says
matplotlib.rcParams.update(
    {
        "font.family": "DejaVu Sans",
        "font.size": 8,
        "axes.titlesize": 8.5,
        "axes.labelsize": 8,
        "xtick.labelsize": 7.5,
        "ytick.labelsize": 8,
        "legend.fontsize": 7.5,
        "legend.frameon": False,
        "figure.titlesize": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": PALE,
        "axes.linewidth": 0.7,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": PALE,
        "ytick.color": PALE,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.major.width": 0.7,
        "ytick.major.width": 0.7,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "svg.hashsalt": "gradual-learning",
        "svg.fonttype": "path",  # the same letters on every machine
    }
)


def new_figure(height: float, title: str) -> Figure:
    """Start a figure of the common width and ``height`` inches, at most the height of a page."""
    figure = Figure(figsize=(WIDTH, min(height, HEIGHT)), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    return figure


def empty_figure(title: str, reason: str) -> Figure:
    """Make a figure that states why there is nothing to draw."""
    figure = new_figure(1.2, title)
    figure.text(0.5, 0.4, reason, ha="center", color=PALE)
    return figure


def save(figure: Figure, png: str, svg: str, dpi: int) -> None:
    """Write both files atomically, without a date or a version in them; ``dpi`` is the resolution of the PNG."""
    _fix_layout(figure)
    title = figure.get_suptitle()
    with atomic_file(png) as partial:
        metadata = {"Title": title, "Software": None}
        figure.savefig(partial, format="png", dpi=dpi, facecolor="white", metadata=metadata)
    with atomic_file(svg) as partial:
        metadata = {"Title": title, "Date": None, "Creator": None}
        figure.savefig(partial, format="svg", facecolor="white", metadata=metadata)


def _fix_layout(figure: Figure) -> None:
    """Round the positions of the layout: the last bits of the solver differ from process to process."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        left, bottom, width, height = (round(side, 4) for side in axes.get_position().bounds)
        axes.set_position((left, bottom, width, height))


def label(name: str) -> str:
    """Write a name of the configuration as words: ``one_stage`` -> ``one stage``."""
    return name.replace("_", " ")


def chain_label(chain: str, width: int = 40) -> str:
    """Write a chain of stages as words: ``maybe_known+gradual`` -> ``maybe known → gradual``."""
    return textwrap.fill(label(chain).replace("+", f" {ARROW} "), width)


def category_label(category: str) -> str:
    """Write a category as words: ``HighlyKnown`` -> ``Highly known``."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in category).strip().capitalize()


def range_label(low: float, high: float) -> str:
    """Write an inclusive range of whole numbers, a single number where both ends are the same."""
    return f"{low:.0f}" if low == high else f"{low:.0f}{DASH}{high:.0f}"


def interval_label(confidence: float) -> str:
    """Name an interval by its coverage: ``95 % interval``."""
    return f"{100 * confidence:g} % interval"


def category_handles() -> list[Patch]:
    """Make the legend handles of the four categories, best known first."""
    return [Patch(facecolor=color, label=category_label(name)) for name, color in CATEGORY_COLORS.items()]


def label_rows(axes: Axes, names: Sequence[str], width: int = 22) -> None:
    """Label the rows of a chart from the top down, with a faint line behind each."""
    axes.set_yticks(range(len(names)), [textwrap.fill(label(name), width) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    axes.set_axisbelow(True)


def row_height(labels: Sequence[str], minimum: float) -> float:
    """Return the inches of a row in which the labels fit, some of which may have several lines."""
    lines = 1 + max(text.count("\n") for text in labels)
    return max(minimum, LINE * lines + 0.03)


def note_in_row(axes: Axes, row: float, text: str) -> None:
    """Write in the middle of a row why it is empty."""
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 7, "color": PALE, "bbox": box}
    axes.text(0.5, row, text, transform=axes.get_yaxis_transform(), **look)


def widen_limits(axes: Axes, low: float, high: float) -> None:
    """Extend the horizontal axis to at least ``low`` to ``high``, however close the points are."""
    left, right = axes.get_xlim()
    axes.set_xlim(min(left, low), max(right, high))


def panel_title(axes: Axes, text: str, is_large: bool) -> None:
    """Set the title of one panel among several, in smaller print where the panels are small."""
    axes.set_title(text, loc="left", fontsize=8 if is_large else 7)
