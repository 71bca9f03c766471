"""Draw the diagram of the method: ``python docs/figures/method.py`` writes method.svg next to this file."""

from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

WIDTH, HEIGHT = 9.6, 5.1  # inches, which are also the units of all coordinates below
INK, PALE, LINE = "#222222", "#f4f4f4", "#767676"
CATEGORIES = {  # color, color of the text on it, definition
    "HighlyKnown": ("#0072B2", "white", "every greedy answer is correct"),
    "MaybeKnown": ("#56B4E9", INK, "some greedy answers are correct"),
    "WeaklyKnown": ("#E69F00", INK, "only a sampled answer is correct"),
    "Unknown": ("#BDBDBD", INK, "no answer is correct"),
}
SHARES = {  # percent of the train questions of the default experiment, as in flow.png
    "base model": (23, 11, 27, 40),
    "after stage 1": (27, 11, 22, 40),
    "after stage 2": (30, 9, 21, 40),
}
BAR_WIDTH, BAR_BOTTOM, BAR_HEIGHT = 0.95, 0.45, 1.8
TOP_BOTTOM, TOP_HEIGHT = 3.2, 1.35  # boxes of the upper half
STAGE_BOTTOM, STAGE_HEIGHT = 0.7, 1.35  # boxes of the lower half


def main() -> None:
    """Draw both halves of the diagram and write them."""
    matplotlib.rcParams.update({"font.family": "DejaVu Sans", "svg.fonttype": "path", "svg.hashsalt": "method"})
    figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT))
    axes.axis("off")
    draw_labeling(axes)
    draw_stages(axes)
    figure.savefig(Path(__file__).with_name("method.svg"), metadata={"Date": None})


def draw_labeling(axes: Axes) -> None:
    """Draw how a question gets its category."""
    heading(axes, 4.85, "1", "Label every question by how well the model knows the answer")
    draw_box(axes, (0.2, TOP_BOTTOM), (1.3, TOP_HEIGHT), "Question", "Who wrote\nThe Trial?")
    draw_box(
        axes, (1.85, TOP_BOTTOM), (1.9, TOP_HEIGHT), "10 few-shot prompts", "4 solved questions,\nQ: Who wrote …\nA:"
    )
    draw_box(axes, (4.1, TOP_BOTTOM), (1.35, TOP_HEIGHT), "170 answers", "per prompt\n1 greedy answer,\n16 samples")
    for start, end in ((1.5, 1.85), (3.75, 4.1), (5.45, 5.8)):
        draw_arrow(axes, (start, 3.875), (end, 3.875))
    height = TOP_HEIGHT / len(CATEGORIES)
    for place, (name, (color, ink, definition)) in enumerate(CATEGORIES.items()):
        bottom = TOP_BOTTOM + TOP_HEIGHT - height * (place + 1)
        axes.add_patch(Rectangle((5.8, bottom), 3.6, height, facecolor=color, edgecolor="white", linewidth=1.5))
        axes.text(5.9, bottom + height / 2, name, size=9, weight="bold", color=ink, va="center")
        axes.text(9.3, bottom + height / 2, definition, size=8.2, color=ink, va="center", ha="right")


def draw_stages(axes: Axes) -> None:
    """Draw how training and labeling alternate."""
    heading(axes, 2.82, "2", "Fine-tune on what the model half knows, label again, fine-tune again")
    for left, (title, shares) in zip((0.2, 3.3, 6.4), SHARES.items(), strict=True):
        draw_bar(axes, left, title, shares)
    stage = (1.15, STAGE_HEIGHT)
    draw_box(axes, (1.65, STAGE_BOTTOM), stage, "Stage 1", "fine-tune on\nMaybeKnown\nquestions")
    draw_box(axes, (4.75, STAGE_BOTTOM), stage, "Stage 2", "fine-tune on\nMaybeKnown,\nreplay some\nHighlyKnown")
    results = "test accuracy,\nforgetting and\nknowledge gained,\nwith intervals"
    draw_box(axes, (7.85, STAGE_BOTTOM), (1.55, STAGE_HEIGHT), "Evaluate", results)
    draw_arrow(axes, (1.15, middle("base model", 1)), (1.65, 1.6))
    draw_arrow(axes, (4.25, middle("after stage 1", 1)), (4.75, 1.5))
    draw_arrow(axes, (4.25, middle("after stage 1", 0)), (4.75, 1.8), dashed=True)
    for start, end in ((2.8, 3.3), (5.9, 6.4)):
        draw_arrow(axes, (start, 1.35), (end, 1.35))
        axes.text((start + end) / 2 - 0.02, 1.43, "relabel", size=7.5, color=INK, ha="center")
    draw_arrow(axes, (7.35, 1.35), (7.85, 1.35))
    note = "Bars: percent of the 1,296 train questions of the default experiment in each category, mean of 5 seeds."
    axes.text(0.2, 0.17, note, size=7.8, color=LINE, va="center")


def heading(axes: Axes, y: float, number: str, text: str) -> None:
    """Write the number and the title of a half."""
    circle = {"boxstyle": "circle,pad=0.25", "facecolor": INK, "edgecolor": INK}
    axes.text(0.34, y, number, size=10, weight="bold", color="white", ha="center", va="center", bbox=circle)
    axes.text(0.6, y, text, size=11, weight="bold", color=INK, va="center")


def draw_box(axes: Axes, corner: tuple[float, float], size: tuple[float, float], title: str, text: str) -> None:
    """Draw a box with a title and a few centered lines; ``corner`` is the lower left one."""
    style = "round,pad=0,rounding_size=0.08"
    axes.add_patch(FancyBboxPatch(corner, *size, boxstyle=style, facecolor=PALE, edgecolor=LINE))
    center, top = corner[0] + size[0] / 2, corner[1] + size[1]
    common = {"color": INK, "ha": "center", "va": "center"}
    axes.text(center, top - 0.19, title, size=9, weight="bold", **common)
    axes.text(center, corner[1] + (size[1] - 0.3) / 2, text, size=8.4, linespacing=1.35, **common)


def draw_bar(axes: Axes, left: float, title: str, shares: tuple[int, ...]) -> None:
    """Draw the shares of the categories as a bar with MaybeKnown framed."""
    center, top = left + BAR_WIDTH / 2, BAR_BOTTOM + BAR_HEIGHT
    axes.text(center, top + 0.14, title, size=8.5, color=INK, ha="center", va="center")
    for place, (share, (color, ink, _)) in enumerate(zip(shares, CATEGORIES.values(), strict=True)):
        height = BAR_HEIGHT * share / sum(shares)
        top -= height
        frame = {"edgecolor": INK, "linewidth": 1.6, "zorder": 3} if place == 1 else {"edgecolor": "white"}
        axes.add_patch(Rectangle((left, top), BAR_WIDTH, height, facecolor=color, **frame))
        text = {"size": 8, "color": ink, "ha": "center", "va": "center", "zorder": 4}
        axes.text(center, top + height / 2, f"{share} %", **text)


def middle(title: str, place: int) -> float:
    """Return the height of the middle of a category in a bar."""
    shares = SHARES[title]
    above = sum(shares[:place]) + shares[place] / 2
    return BAR_BOTTOM + BAR_HEIGHT * (1 - above / sum(shares))


def draw_arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], dashed: bool = False) -> None:
    """Draw an arrow; a dashed one stands for replay."""
    style = {"arrowstyle": "-|>", "mutation_scale": 11, "color": INK, "shrinkA": 1, "shrinkB": 1}
    axes.add_patch(FancyArrowPatch(start, end, linestyle=(0, (3, 2)) if dashed else "-", **style))


if __name__ == "__main__":
    main()
