"""Every figure is drawn from its tables completely and byte for byte the same, for few strategies and for many."""

import itertools
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from matplotlib.text import Text

import example_tables as tables
from example_tables import CHAINS, FEW, LONG_CHAINS, MANY, SINGLE_STAGES, SWEEP
from gradual_learning.figures import (
    accuracy,
    categories,
    category_ranking,
    combined_accuracy,
    combined_forgetting,
    combined_knowledge_heldout,
    combined_knowledge_train,
    comparisons,
    cost,
    exposure,
    flow,
    forgetting,
    knowledge_gain,
    learning_curves,
    never_learned,
    newly_known,
    recall,
    replay,
    sharing,
    style,
    tradeoff,
    transitions,
)
from gradual_learning.tables.files import read_tsv, write_tsv
from gradual_learning.tables.schemas import CATEGORIES

NO_TRAIN_ACCURACY = {f"train_accuracy_{name}": np.nan for name in CATEGORIES}


def empty(table, chosen, count):
    """Take the questions, counted in a column, and with them all numbers away from some rows of a table."""
    numbers = table.select_dtypes("number").columns.difference(["seeds", count])
    return table.assign(**{name: table[name].mask(chosen) for name in numbers}, **{count: table[count].mask(chosen, 0)})


def accuracy_without(category):
    table = tables.accuracy(FEW)
    return empty(table, table["category"] == category, "questions")


def forgetting_without(split):
    table = tables.forgetting(FEW)
    return empty(table, table["split"] == split, "highly_known")


def comparisons_without(category):
    table = tables.comparisons(FEW).assign(questions=10)
    return empty(table, table["category"] == category, "questions")


WITHOUT = {
    "accuracy": lambda: accuracy.draw(accuracy_without("Unknown"), 0.95),
    "forgetting": lambda: forgetting.draw(forgetting_without("test"), 0.95),
    "comparisons": lambda: comparisons.draw(comparisons_without("Unknown"), 0.95),
}
DRAWINGS = {
    **{f"{name}_without_questions": draw for name, draw in WITHOUT.items()},
    "accuracy_few": lambda: accuracy.draw(tables.accuracy(FEW), 0.95),
    "accuracy_many": lambda: accuracy.draw(tables.accuracy(MANY), 0.9),
    "forgetting_few": lambda: forgetting.draw(tables.forgetting(FEW), 0.95),
    "forgetting_many": lambda: forgetting.draw(tables.forgetting(MANY), 0.95),
    "gain": lambda: knowledge_gain.draw(tables.knowledge_gain(FEW), 0.95),
    "gain_many": lambda: knowledge_gain.draw(tables.knowledge_gain(MANY[:20]), 0.95),
    "gain_of_no_strategy": lambda: knowledge_gain.draw(tables.knowledge_gain([]), 0.95),
    "categories": lambda: categories.draw(tables.categories(["1", "2", "mean"])),
    "categories_one_seed": lambda: categories.draw(tables.categories(["1"])),
    "transitions": lambda: transitions.draw(tables.transitions(CHAINS[:3], ["1", "2"])),
    "transitions_many": lambda: transitions.draw(tables.transitions(LONG_CHAINS, ["1"])),
    "transitions_of_no_chain": lambda: transitions.draw(tables.transitions([], [])),
    "flow": lambda: flow.draw(tables.transitions(CHAINS[:3], ["1", "2"])),
    "flow_many": lambda: flow.draw(tables.transitions(LONG_CHAINS, ["1"])),
    "flow_of_no_chain": lambda: flow.draw(tables.transitions([], [])),
    "curves": lambda: learning_curves.draw(tables.learning_curves(["1", "2"])),
    "curves_many": lambda: learning_curves.draw(tables.learning_curves(["1", "2"], LONG_CHAINS + SINGLE_STAGES)),
    "curves_one_seed": lambda: learning_curves.draw(tables.learning_curves(["1"])),
    "curves_without_train": lambda: learning_curves.draw(tables.learning_curves(["1"]).assign(**NO_TRAIN_ACCURACY)),
    "comparisons": lambda: comparisons.draw(tables.comparisons(FEW), 0.95),
    "comparisons_many": lambda: comparisons.draw(tables.comparisons(MANY), 0.95),
    "comparisons_of_no_pair": lambda: comparisons.draw(tables.comparisons([]), 0.95),
    "category_ranking": lambda: category_ranking.draw(tables.category_ranking(), 0.95),
    "tradeoff_few": lambda: tradeoff.draw(tables.advice(CHAINS), 0.95),
    "tradeoff_many": lambda: tradeoff.draw(tables.advice(MANY, few_shot=True), 0.9),
    "tradeoff_without_questions": lambda: tradeoff.draw(tables.advice(FEW).assign(highly_known=0), 0.95),
    "combined": lambda: combined_accuracy.draw(tables.combined(FEW), 0.95),
    "combined_many": lambda: combined_forgetting.draw(tables.combined(MANY[:10], MANY[:9]), 0.95),
    "combined_of_no_pair": lambda: combined_knowledge_train.draw(tables.combined([]), 0.95),
    "combined_two_runs": lambda: combined_knowledge_heldout.draw(tables.combined(FEW, ["a", "b"]), 0.9),
    "cost": lambda: cost.draw(tables.cost(FEW)),
    "cost_many": lambda: cost.draw(tables.cost(MANY)),
    "recall": lambda: recall.draw(tables.recall(0.9), 0.95),
    "recall_without_auc": lambda: recall.draw(tables.recall(np.nan), 0.95),
    "recall_without_unread_facts": lambda: recall.draw(tables.recall(0.9, with_unread=False), 0.95),
    "never_learned": lambda: never_learned.draw(tables.never_learned(FEW)),
    "never_learned_many": lambda: never_learned.draw(tables.never_learned(MANY)),
    "never_learned_without_exposure": lambda: never_learned.draw(tables.never_learned(FEW[:1], with_exposure=False)),
    "never_learned_of_no_question": lambda: never_learned.draw(tables.never_learned([])),
    "newly_known": lambda: newly_known.draw(tables.newly_known(CHAINS[:3])),
    "newly_known_many": lambda: newly_known.draw(tables.newly_known(LONG_CHAINS)),
    "newly_known_of_one_category": lambda: newly_known.draw(tables.newly_known(CHAINS[:3], ["Unknown"])),
    "sharing": lambda: sharing.draw(tables.sharing(CHAINS[:3]), 0.95),
    "sharing_many": lambda: sharing.draw(tables.sharing(LONG_CHAINS), 0.95),
    "sharing_of_no_chain": lambda: sharing.draw(tables.sharing([]), 0.95),
    "replay": lambda: replay.draw(tables.accuracy(FEW), tables.forgetting(FEW), 0.95, SWEEP),
    "exposure": lambda: exposure.draw(tables.exposure(0.4), 0.95),
    "exposure_without_unread_facts": lambda: exposure.draw(tables.exposure(0.4, lowest=1), 0.95),
    "exposure_without_recall": lambda: exposure.draw(tables.exposure(np.nan), 0.95),
}


@pytest.mark.parametrize(
    "name", ["accuracy_few", "categories", "transitions", "flow", "curves", "replay", "newly_known", "cost"]
)
def test_files_are_the_same_byte_for_byte(name, tmp_path):
    written = []
    for copy in ("first", "second"):
        png, svg = tmp_path / copy / "f.png", tmp_path / copy / "f.svg"
        style.save(DRAWINGS[name](), str(png), str(svg), dpi=60)
        written.append((png.read_bytes(), svg.read_bytes()))
        assert sorted(path.name for path in png.parent.iterdir()) == ["f.png", "f.svg"]
    assert written[0] == written[1]
    assert b"<dc:date>" not in written[0][1]


@pytest.mark.parametrize("name", DRAWINGS)
def test_layout_succeeds_and_no_text_leaves_the_page(name):
    figure = DRAWINGS[name]()
    assert figure.get_figwidth() == style.WIDTH and figure.get_figheight() <= style.HEIGHT
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib only warns where the panels have no room
        figure.draw_without_rendering()
    page = figure.bbox
    shown = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    shown = [text for text in shown if text.axes is None or text.axes.axison or text in text.axes.texts]
    for text in shown:
        box = text.get_window_extent()
        inside = page.x0 - 1 <= box.x0 and box.x1 <= page.x1 + 1 and page.y0 - 1 <= box.y0 and box.y1 <= page.y1 + 1
        is_number = text.get_text().replace(style.MINUS, "-").lstrip("-").replace(".", "").isdigit()
        assert "nan" not in text.get_text().split()
        assert inside or is_number, text.get_text()  # ticks beyond the limits are laid out, not drawn


@pytest.mark.parametrize(
    ("module", "table"), [(newly_known, tables.newly_known), (sharing, tables.sharing)], ids=["newly_known", "sharing"]
)
def test_labels_of_several_lines_do_not_overlap(module, table):
    chains = [f"a_long_first_stage+a_long_second_stage+a_long_third_stage_{number}" for number in range(12)]
    settings = {"confidence": 0.95} if module is sharing else {}
    figure = module.draw(table(chains), **settings)
    figure.draw_without_rendering()
    labels = [label for label in figure.axes[0].get_yticklabels() if label.get_text()]
    assert any("\n" in label.get_text() for label in labels)
    boxes = sorted((label.get_window_extent() for label in labels), key=lambda box: box.y0)
    assert all(lower.y1 <= upper.y0 for lower, upper in itertools.pairwise(boxes))


@pytest.mark.parametrize(("name", "places"), [("accuracy", [4]), ("forgetting", [0, 2]), ("comparisons", [4])])
def test_a_panel_without_questions_says_so_once_and_its_ticks_are_apart(name, places):
    figure = WITHOUT[name]()
    figure.draw_without_rendering()
    notes = {place: text.get_text() for place, axes in enumerate(figure.axes) for text in axes.texts}
    assert [place for place, note in notes.items() if note == "no questions"] == places
    for place in places:
        axes = figure.axes[place]
        assert len(axes.texts) == 1
        boxes = [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()]
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))


@pytest.mark.parametrize("strategies", [FEW, MANY])
def test_names_in_the_tradeoff_are_apart_and_in_the_order_of_accuracy(strategies):
    figure = tradeoff.draw(tables.advice(strategies), 0.95)
    figure.draw_without_rendering()
    names = sorted(figure.axes[0].texts, key=lambda name: -name.get_position()[1])
    boxes = [Text.get_window_extent(name) for name in names]  # without the line to the point
    assert len(names) == len(strategies) + 1
    for (name, box), (next_name, next_box) in itertools.pairwise(zip(names, boxes, strict=True)):
        assert name.xy[1] >= next_name.xy[1] and box.y0 >= next_box.y1
    assert min(box.x0 for box in boxes) > figure.axes[0].get_window_extent().x1


def test_labels_move_no_more_than_they_must():
    heights = np.full(3, 0.2)
    assert np.allclose(tradeoff.spread(np.array([0.9, 0.5, 0.1]), heights), [0.9, 0.5, 0.1])
    assert np.allclose(tradeoff.spread(np.array([0.55, 0.5, 0.1]), heights), [0.55, 0.35, 0.1])
    assert np.allclose(tradeoff.spread(np.array([0.1, 0.05, 0.0]), heights), [0.5, 0.3, 0.1])


def test_the_front_holds_what_nothing_beats_in_both_respects():
    table = tables.advice(["best", "behind", "safe", "same_as_best"])
    table.loc[2:5, "accuracy"], table.loc[2:5, "forgotten"] = [0.4, 0.35, 0.3, 0.4], [0.2, 0.2, 0.01, 0.2]
    rows = tradeoff.points(table).set_index("strategy")
    assert rows["front"].to_dict() == {"base": False, "best": True, "behind": False, "safe": True, "same_as_best": True}
    assert rows.at["best", "label"] == "best (chosen)" and rows["size"].idxmin() == "base"


def test_tables_can_be_read_back_from_tsv(tmp_path):
    write_tsv(tables.forgetting(FEW), tmp_path / "forgetting.tsv")
    write_tsv(tables.categories(["1", "2", "mean"]), tmp_path / "categories.tsv")
    assert len(forgetting.draw(read_tsv(tmp_path / "forgetting.tsv"), 0.95).axes) == 4
    bars = categories.draw(read_tsv(tmp_path / "categories.tsv")).axes[0].patches
    assert len(bars) == 4 * len(CATEGORIES)  # base and three chains, whose seeds are averaged


LOOK = b"lines.linewidth: 9\nfont.size: 20\naxes.facecolor: red\nfigure.facecolor: green\ntext.usetex: True\n"
LOCALE = b"axes.formatter.use_locale: True\n"  # ends the import of matplotlib where the locale does not exist


def plotted(folder, environment):
    """Plot a figure in a process of its own, and return its files."""
    write_tsv(tables.accuracy(FEW), folder / "accuracy.tsv")
    arguments = {"dpi": 60, "confidence": 0.95}
    code = f"import plot; plot.main('accuracy', ['accuracy.tsv'], {arguments}, 'accuracy.png', 'accuracy.svg')"
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("MPL", "MATPLOTLIB"))}
    clean["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
    subprocess.run([sys.executable, "-c", code], cwd=folder, env=clean | environment, check=True)
    return [(folder / f"accuracy.{ending}").read_bytes() for ending in ("png", "svg")]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return plotted(tmp_path_factory.mktemp("plain"), {})


@pytest.mark.parametrize(
    ("file", "settings", "environment"),
    [
        ("matplotlibrc", LOOK, {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}),  # as in a notebook
        ("mine/matplotlibrc", b"# caf\xe9\n", {"MATPLOTLIBRC": "mine"}),
        ("mine/matplotlib/matplotlibrc", LOCALE + LOOK, {"XDG_CONFIG_HOME": "mine", "LC_ALL": "none"}),
    ],
)
def test_settings_of_the_user_change_nothing_and_end_nothing(file, settings, environment, plain, tmp_path):
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_bytes(settings)
    assert plotted(tmp_path, environment) == plain


def test_plotting_a_figure_imports_neither_other_figures_nor_torch(tmp_path):
    write_tsv(tables.transitions(CHAINS[:3], ["1"]), tmp_path / "transitions.tsv")
    code = (
        "import sys, plot; plot.main('flow', ['transitions.tsv'], {'dpi': 60}, 'flow.png', 'flow.svg');"
        "print(*sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    modules = set(done.stdout.split())
    figures = {name.rpartition(".")[2] for name in modules if name.startswith("gradual_learning.figures.")}
    assert figures == {"flow", "style", "shared_transitions"}
    assert "matplotlib" in modules and not {"torch", "transformers"} & modules
    assert (tmp_path / "flow.png").exists()


def test_a_failed_drawing_leaves_no_file(tmp_path):
    figure = style.new_figure(2, "$broken mathematics \\nosuch$")
    with pytest.raises(ValueError):
        style.save(figure, str(tmp_path / "f.png"), str(tmp_path / "f.svg"), dpi=50)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ratios", [{"a": 0.0, "b": 0.08, "c": 0.16, "d": 1.0}, {"a": 0.0, "b": 0.5, "c": 1.0}])
def test_labels_of_replay_ratios_do_not_overlap(ratios):
    figure = replay.draw(tables.accuracy(list(ratios)), tables.forgetting(list(ratios)), 0.95, ratios)
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert len(boxes) == len(ratios)
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(boxes))
