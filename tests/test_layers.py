"""Imports go down only: whoever reads a layer need not know those above it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "platform" / "gfplab"
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))

# a layer may import those further down, and what is in its own folder
FOR_RUNS = {"run", "boot", "world", "policy", "kernel", "engine"}
BELOW = {
    "testing": {"cli", "truth", "report", "study", "tables", "run", "boot", "world", "policy", "kernel", "engine"},
    "cli": {"truth", "debug", "report", "adversary", "conformance", "study", "tables"} | FOR_RUNS,
    "truth": {"report", "study", "tables", "run", "boot", "world", "policy", "kernel", "engine"},
    "debug": {"report", "tables", "run", "boot", "world", "policy", "kernel", "engine"},
    "report": {"adversary", "conformance", "study", "tables"} | FOR_RUNS,
    "adversary": {"study", "tables"} | FOR_RUNS,
    "conformance": {"tables"} | FOR_RUNS,
    "study": {"tables", "run", "boot", "world", "policy", "kernel", "engine"},
    "tables": {"run", "boot", "world", "policy", "kernel", "engine"},
    "run": {"boot", "world", "policy", "kernel", "engine"},
    "boot": {"world", "policy", "kernel", "engine"},
    "world": {"kernel"},
    "policy": {"kernel", "engine"},
    "kernel": {"engine"},
    "engine": set(),
    "errors": set(),
    "units": set(),
}
EVERYWHERE = {"errors", "units"}
FOR_PLUGINS = {"gfplab", "gfplab.units"}
FOR_PLUGINS |= {f"gfplab.kernel.{name}" for name in ("answers", "gfp", "node_types", "steps", "types")}


def imports(path):
    """(line, module) of every import of gfplab in a file, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: say where it comes from in full"
            names = [node.module]
            if node.module == "gfplab":
                known = {path.stem for path in PACKAGE.iterdir()}
                names = [f"gfplab.{a.name}" if a.name in known else "gfplab" for a in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.split(".")[0] == "gfplab")


def layer(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("name", BELOW)
def test_a_layer_imports_only_what_lies_below(name):
    files = [path for path in PACKAGE.rglob("*.py") if layer(path) == name]
    assert files
    wrong = []
    for path in files:
        for line, module in imports(path):
            target = module.split(".")[1] if "." in module else ""
            if target not in BELOW[name] | EVERYWHERE | {name, ""}:  # gfplab itself has the version and the plugin API
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {name} must not know {module}")
    assert not wrong, "\n".join(wrong)


def test_every_file_belongs_to_a_layer():
    layers = {layer(path) for path in PACKAGE.rglob("*.py")} - {"__init__", "__main__"}
    assert layers == set(BELOW)


def test_engine_and_kernel_do_not_know_the_libraries_that_only_people_need():
    for name in ("engine", "kernel"):
        for path in (PACKAGE / name).glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                modules += [node.module] if isinstance(node, ast.ImportFrom) else []
                assert not {m.split(".")[0] for m in modules} & {"polars", "pydantic", "click", "rich", "optuna"}, path


def test_a_kernel_file_includes_prototypes_and_not_other_files():
    """As in C: the call graph of the kernel is a circle, its imports are not."""
    headers = {"symbols", "types", "costs", "gfp", "steps", "tracepoints", "bugs", "decisions", "answers"}
    for path in (PACKAGE / "kernel").glob("*.py"):
        for line, module in imports(path):
            if module.startswith("gfplab.kernel."):
                header = module.split(".")[2]
                assert header in headers or header.endswith("_types"), f"{path.name}:{line}: {module}"


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: path.stem)
def test_a_shipped_plugin_imports_what_any_plugin_may(path):
    """The product is its own first plugin author."""
    tree = ast.parse(path.read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert modules <= FOR_PLUGINS
