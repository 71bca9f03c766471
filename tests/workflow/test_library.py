"""A rule tracks every module that its script depends on, and no other."""

import ast
import json
import re
from modulefinder import ModuleFinder

import pytest

PACKAGE = "gradual_learning"
HEAVY = {"torch", "transformers", "peft", "datasets", "numpy", "pandas", "pyarrow", "matplotlib", "scipy"}


@pytest.fixture(scope="module")
def tracked(root, snakemake, tmp_path_factory):
    """The code as the workflow tracks it: of every script, and of every table together with its script."""
    scripts = [[path.stem] for path in sorted(root.glob("workflow_scripts/*.py"))]
    tables = sorted(path.stem for path in root.glob(f"workflow_scripts/{PACKAGE}/evaluation/tables/*.py"))
    scripts += [["tabulate", f"evaluation.tables.{table}"] for table in tables if table != "__init__"]
    folder = tmp_path_factory.mktemp("library")
    lines = [
        "import json",
        f'include: "{root}/rules/common/library.smk"',
        f"print('LIBRARIES', json.dumps({{' '.join(names): code_files(*names) for names in {scripts}}}))",
        "rule nothing:",
        "    output: touch('nothing')",
    ]
    (folder / "Snakefile").write_text("\n".join(lines) + "\n")
    printed = snakemake("--dry-run", cwd=folder)
    return json.loads(re.search(r"^LIBRARIES (.*)$", printed, re.MULTILINE).group(1))


@pytest.fixture(scope="module")
def libraries(tracked):
    """The code of every script, without the modules that rules add by name."""
    return {name: paths for name, paths in tracked.items() if " " not in name}


def modules(paths):
    """Return the modules of the library among files, below workflow_scripts/."""
    return {path.partition("workflow_scripts/")[2] for path in paths if f"/{PACKAGE}/" in path}


def test_inputs_are_what_the_interpreter_would_load_except_for_jobs(root, libraries):
    scripts = root / "workflow_scripts"
    assert len(libraries) > 20
    for name, paths in libraries.items():
        assert f"workflow_scripts/{name}.py" in paths
        finder = ModuleFinder(path=[str(scripts)])
        finder.run_script(str(scripts / f"{name}.py"))
        files = {module.__file__ for key, module in finder.modules.items() if key.startswith(PACKAGE)}
        loaded = {file.partition("workflow_scripts/")[2] for file in files}
        assert modules(paths) == {file for file in loaded if not file.startswith(f"{PACKAGE}/jobs/")}, name


def test_tables_and_figures_need_no_model_code(tracked):
    for name, paths in tracked.items():
        if name.startswith(("plot", "tabulate", "categorize_", "select_", "build_", "prepare_")):
            assert not any(f"{PACKAGE}/{part}/" in path for part in ("generation", "models") for path in paths), name


def test_no_module_is_unused(root, tracked):
    every = {str(path.relative_to(root / "workflow_scripts")) for path in root.glob("workflow_scripts/*/**/*.py")}
    used = set().union(*map(modules, tracked.values()))
    estimators = ("knowledge/likelihood.py", "knowledge/sampling.py")
    named_by_rules = (
        "generation/vllm.py",
        *estimators,
        "figures/",
        "report/table_pages/",
    )
    used_by_rules = ("configuration/", "jobs/")
    known = tuple(f"{PACKAGE}/{part}" for part in (*named_by_rules, *used_by_rules))
    assert {file for file in every - used if not file.startswith(known)} == set()


def test_jobs_depend_on_nothing_else_in_the_library(root):
    for path in root.glob(f"workflow_scripts/{PACKAGE}/jobs/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module.startswith(PACKAGE):
                assert node.module.startswith(f"{PACKAGE}.jobs"), f"{path.name} imports {node.module}"


def test_parsing_loads_nothing_heavy(root):
    """The rules must import nothing slow from the library: Snakemake parses them in every job."""
    texts = [path.read_text(encoding="utf-8") for path in root.glob("rules/**/*.smk")]
    loaded = re.findall(r"^LIBRARY\.closure\(\[\], \[(.*)\]\)$", "\n".join(texts), re.MULTILINE)
    names = ["jobs.imports", *re.findall(r'"([\w.]+)"', ", ".join(loaded))]
    assert {"experiment", "report.subjects"} < set(names)
    scripts = root / "workflow_scripts"
    waiting = [scripts / PACKAGE / f"{name.replace('.', '/')}.py" for name in names]
    seen = set()
    while waiting:
        path = waiting.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not HEAVY & {name.partition(".")[0] for name in names}, path
            if isinstance(node, ast.ImportFrom):
                waiting += [scripts / f"{node.module.replace('.', '/')}.py"]
                waiting += [scripts / node.module.replace(".", "/") / f"{alias.name}.py" for alias in node.names]
    assert len(seen) > 3
