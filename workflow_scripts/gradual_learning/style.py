"""How figures look: fonts, colours and markers, labels for people, files that come out the same byte for byte.

Colours derive from the palette of Okabe and Ito, which people with any common colour blindness can tell apart. A
category has the same colour in every figure; strategies are told apart by marker and by row as well as by colour.
"""

import textwrap
from collections.abc import Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from gradual_learning.records import CATEGORIES, whole_file
from gradual_learning.runs import BASE

WIDTH = 7.2  # inches: a text block of two columns
INK = "#222222"
PALE = "#767676"
FAINT = "#e3e3e3"
CATEGORY_COLOURS = dict(zip(CATEGORIES, ["#0072B2", "#56B4E9", "#E69F00", "#BDBDBD"], strict=True))
CATEGORY_INK = dict(zip(CATEGORIES, ["white", INK, INK, INK], strict=True))  # text on the colour
STRATEGY_COLOURS = ["#009E73", "#D55E00", "#AA4499", "#4B4BA8", "#7A5C2E", INK, "#999933"]
MARKERS = "osD^vPX*<>ph"
MINUS, DASH, ARROW = "\N{MINUS SIGN}", "\N{EN DASH}", "\N{RIGHTWARDS ARROW}"

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
    """Start a figure of the common width, ``height`` in inches."""
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    return figure


def nothing(title: str, reason: str) -> Figure:
    """Make the figure that says why there is nothing to draw."""
    figure = new_figure(1.2, title)
    figure.text(0.5, 0.4, reason, ha="center", color=PALE)
    return figure


def save(figure: Figure, png: str, svg: str, dpi: int) -> None:
    """Write both files whole or not at all, without a date or a version in them."""
    _settle(figure)
    with whole_file(png) as partial:
        figure.savefig(partial, format="png", dpi=dpi, facecolor="white", metadata={"Software": None})
    with whole_file(svg) as partial:
        figure.savefig(partial, format="svg", facecolor="white", metadata={"Date": None, "Creator": None})


def _settle(figure: Figure) -> None:
    """Fix the layout with rounded positions: the solver's last bits differ from process to process."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axes in figure.axes:
        axes.set_position([round(side, 4) for side in axes.get_position().bounds])


def words(name: str) -> str:
    """Write a name of the configuration as words: ``one_stage`` -> ``one stage``."""
    return name.replace("_", " ")


def chain_words(chain: str, width: int = 40) -> str:
    """Write a chain of stages as words: ``maybe_known+gradual`` -> ``maybe known → gradual``."""
    return textwrap.fill(words(chain).replace("+", f" {ARROW} "), width)


def category_words(category: str) -> str:
    """Write a category as words: ``HighlyKnown`` -> ``Highly known``."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in category).strip().capitalize()


def strategy_mark(place: int) -> dict[str, str]:
    """Give colour and marker of the strategy at this place of the configuration; twelve pairs are distinct."""
    return {"color": STRATEGY_COLOURS[place % len(STRATEGY_COLOURS)], "marker": MARKERS[place % len(MARKERS)]}


def strategies(names: Sequence[str]) -> list[str]:
    """List strategies in the order in which a table names them, without the base model."""
    return [name for name in dict.fromkeys(names) if name != BASE]


def category_handles() -> list[Patch]:
    """Make the legend of the four categories, best known first."""
    return [Patch(facecolor=colour, label=category_words(name)) for name, colour in CATEGORY_COLOURS.items()]


def name_rows(axes: Axes, names: Sequence[str], width: int = 22) -> None:
    """Name the rows of a chart from the top down, with a faint line behind each."""
    axes.set_yticks(range(len(names)), [textwrap.fill(words(name), width) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", color=FAINT, linewidth=0.7)
    axes.set_axisbelow(True)


def interval_words(confidence: float) -> str:
    """Name the interval: ``95 % interval``."""
    return f"{100 * confidence:g} % interval"
