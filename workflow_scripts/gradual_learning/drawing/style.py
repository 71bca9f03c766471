"""How figures look: fonts, colours and markers, labels for people, files that come out the same byte for byte.

Colours derive from the palette of Okabe and Ito, which people with any common colour blindness can tell apart. A
category has the same colour in every figure; strategies are told apart by marker and by row as well as by colour.
"""

import textwrap
from collections.abc import Callable, Sequence

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gradual_learning.measures.runs import BASE
from gradual_learning.records import CATEGORIES, read_tsv, whole_file

WIDTH, HEIGHT = 7.2, 9.7  # inches: a text block of two columns, and the most that a page leaves
INK = "#222222"
PALE = "#767676"
FAINT = "#e3e3e3"
CATEGORY_COLOURS = dict(zip(CATEGORIES, ["#0072B2", "#56B4E9", "#E69F00", "#BDBDBD"], strict=True))
CATEGORY_INK = dict(zip(CATEGORIES, ["white", INK, INK, INK], strict=True))  # text on the colour
CATEGORY_LINES = {  # a little darker than areas, and each with dashes of its own
    category: {"color": colour, "linestyle": dashes}
    for category, colour, dashes in zip(
        CATEGORIES,
        ["#0072B2", "#2E8BC6", "#B47B00", "#767676"],
        ["-", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1))],
        strict=True,
    )
}
STRATEGY_COLOURS = ["#009E73", "#D55E00", "#AA4499", "#4B4BA8", "#7A5C2E", INK, "#999933"]
MARKERS = "osD^vPX*<>ph"
SHADES = LinearSegmentedColormap.from_list("shares", ["#ffffff", "#7fb4dc", "#0a4f86"])
REFERENCE = {"color": PALE, "linestyle": (0, (4, 2)), "linewidth": 1}
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
    """Start a figure of the common width, ``height`` in inches; what is higher than a page is made to fit on it."""
    figure = Figure(figsize=(WIDTH, min(height, HEIGHT)), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    return figure


def nothing(title: str, reason: str) -> Figure:
    """Make the figure that says why there is nothing to draw."""
    figure = new_figure(1.2, title)
    figure.text(0.5, 0.4, reason, ha="center", color=PALE)
    return figure


def draw(
    subject: Callable[..., Figure], tables: Sequence[str], png: str, svg: str, dpi: int, **settings: object
) -> None:
    """Draw what the files of ``tables`` say on a subject: ``subject(*tables, **settings)``, saved as two files."""
    save(subject(*map(read_tsv, tables), **settings), png, svg, dpi)


def save(figure: Figure, png: str, svg: str, dpi: int) -> None:
    """Write both files whole or not at all, without a date or a version in them."""
    _settle(figure)
    title = figure.get_suptitle()
    with whole_file(png) as partial:
        metadata = {"Title": title, "Software": None}
        figure.savefig(partial, format="png", dpi=dpi, facecolor="white", metadata=metadata)
    with whole_file(svg) as partial:
        metadata = {"Title": title, "Date": None, "Creator": None}
        figure.savefig(partial, format="svg", facecolor="white", metadata=metadata)


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


def span_words(low: float, high: float) -> str:
    """Write a range of whole numbers, both inside, or the one number where it holds one alone."""
    return f"{low:.0f}" if low == high else f"{low:.0f}{DASH}{high:.0f}"


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


def widen(axes: Axes, low: float, high: float) -> None:
    """Let the horizontal scale reach from ``low`` to ``high`` at the least, however close together the points lie."""
    left, right = axes.get_xlim()
    axes.set_xlim(min(left, low), max(right, high))


def panel_title(axes: Axes, text: str, roomy: bool) -> None:
    """Set the title of one panel among several, in smaller print where there are many."""
    axes.set_title(text, loc="left", fontsize=8 if roomy else 7)


def row_note(axes: Axes, place: int, text: str) -> None:
    """Write in the middle of a row why it is empty."""
    spot, box = axes.get_yaxis_transform(), {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    axes.text(0.5, place, text, transform=spot, ha="center", va="center", fontsize=7, color=PALE, bbox=box)


def interval_words(confidence: float) -> str:
    """Name the interval: ``95 % interval``."""
    return f"{100 * confidence:g} % interval"


def reference(line: Callable[..., object], span: Callable[..., object], value: float, low: float, high: float) -> None:
    """Draw what all is compared with: a dashed line with its interval as a band; both given as methods of the axes."""
    span(low, high, color=FAINT, alpha=0.6, linewidth=0, zorder=0)
    line(value, zorder=1, **REFERENCE)


def strategy_legend(figure: Figure, confidence: float, base: str) -> None:
    """Explain the marks of strategies: epochs, the base model (named ``base``), intervals."""
    point = {"marker": "o", "color": INK, "markersize": 4.6, "linewidth": 1.1}
    handles = [
        Line2D([], [], label="best epoch", **point),
        Line2D([], [], label="last epoch", markerfacecolor="white", **point),
        Line2D([], [], label=base, **REFERENCE),
        Patch(facecolor=FAINT, label=f"bars and band: {interval_words(confidence)}"),
    ]
    figure.legend(handles=handles, loc="outside lower right", ncols=4, handletextpad=0.5, columnspacing=1.5)
