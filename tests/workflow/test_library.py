"""A rule has every module of the library as input that its script imports, and no other."""

import json
import re
from modulefinder import ModuleFinder

import pytest


@pytest.fixture(scope="module")
def libraries(root, snakemake, tmp_path_factory):
    """The modules of every script as the workflow computes them."""
    scripts = sorted(path.stem for path in root.glob("workflow_scripts/*.py"))
    folder = tmp_path_factory.mktemp("library")
    lines = [
        "import json",
        *(f'include: "{root}/rules/{name}.smk"' for name in ("checks", "common")),
        f"print('LIBRARIES', json.dumps({{name: library(name) for name in {scripts}}}))",
        "rule nothing:",
        "    output: touch('nothing')",
    ]
    (folder / "Snakefile").write_text("\n".join(lines) + "\n")
    printed = snakemake("--dry-run", cwd=folder)
    return json.loads(re.search(r"^LIBRARIES (.*)$", printed, re.MULTILINE).group(1))


def modules(paths):
    return {path.partition("workflow_scripts/")[2] for path in paths}


def test_equals_what_the_interpreter_would_load(root, libraries):
    scripts = root / "workflow_scripts"
    assert len(libraries) > 20
    for name, paths in libraries.items():
        finder = ModuleFinder(path=[str(scripts)])
        finder.run_script(str(scripts / f"{name}.py"))
        files = {module.__file__ for key, module in finder.modules.items() if key.startswith("gradual_learning")}
        assert modules(paths) == {file.partition("workflow_scripts/")[2] for file in files}, name


def test_edits_stay_where_they_matter(libraries):
    for name, paths in libraries.items():
        used = modules(paths)
        assert {"gradual_learning/__init__.py", "gradual_learning/records.py"} <= used
        assert ("gradual_learning/drawing/style.py" in used) <= name.startswith("plot_")
        if name.startswith(("plot_", "tabulate_", "categorize_", "select_", "draw_", "prepare_", "download_")):
            assert not {"gradual_learning/training.py", "gradual_learning/sampling.py"} & used, name


def test_no_module_is_unused(root, libraries):
    every = {str(path.relative_to(root / "workflow_scripts")) for path in root.glob("workflow_scripts/*/**/*.py")}
    assert set().union(*map(modules, libraries.values())) == every
