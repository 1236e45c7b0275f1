"""The house: where files are, how long they may be, what each of them has to say about itself."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
KERNEL = ROOT / "platform" / "gfplab" / "kernel"
SOURCES = sorted([*(ROOT / "platform").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")])
TESTS = sorted(path for path in (ROOT / "tests").rglob("*.py") if "bad" not in path.parts)
# of the kernel's files: those that hold declarations and tables, and model nothing of Linux by themselves
HEADERS = {
    "__init__",
    "symbols",
    "model",
    "decisions",
    "steps",
    "tracepoints",
    "bugs",
    "costs",
    "types",
    "gfp",
    "answers",
}
HEADERS |= {path.stem for path in KERNEL.glob("*_types.py")}
LONGEST = 400
LISTS = {KERNEL / "symbols.py", ROOT / "platform" / "gfplab" / "policy" / "hookspecs.py"}
LONGEST_TEST = 500


def test_platform_is_no_package_or_it_would_hide_the_standard_librarys():
    assert not (ROOT / "platform" / "__init__.py").exists()
    said = subprocess.run(
        [sys.executable, "-c", "import platform; print(platform.system())"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.strip()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_has_grown_a_second_subject(path):
    """Two are lists of one thing after another: all prototypes of the kernel, all contracts of the seam."""
    lines = len(path.read_text().splitlines())
    assert lines <= LONGEST or path in LISTS, f"{lines} lines"


def test_no_test_file_has_either():
    assert [path.name for path in TESTS if len(path.read_text().splitlines()) > LONGEST_TEST] == []


def test_no_file_is_a_drawer_for_odds_and_ends():
    assert not {path.stem for path in SOURCES} & {"utils", "util", "helpers", "base", "common", "misc", "manager"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_says_what_it_is(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree) or not tree.body


@pytest.mark.parametrize(
    "path", [p for p in sorted(KERNEL.glob("*.py")) if p.stem not in HEADERS], ids=lambda p: p.stem
)
def test_a_kernel_file_says_what_it_models_and_what_it_leaves_out(path):
    said = ast.get_docstring(ast.parse(path.read_text()))
    assert "Leaves out:" in said
    assert "Models " in said or path.stem.startswith("workload_")  # the world's tasks are no part of Linux


def test_the_kernels_files_are_all_linked():
    from gfplab.kernel.model import KERNEL_FILES

    on_disk = {path.stem for path in KERNEL.glob("*.py")}
    assert set(KERNEL_FILES) == on_disk - HEADERS


def test_the_kernels_header_declares_nothing_that_no_kernel_file_includes():
    declared = {node.name for node in ast.parse((KERNEL / "symbols.py").read_text()).body if hasattr(node, "name")}
    included = set()
    for path in KERNEL.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "gfplab.kernel.symbols":
                included |= {alias.name for alias in node.names}
    assert declared == included


def test_no_test_is_skipped_and_nothing_is_left_to_do():
    """A test that may be skipped is a rule that nobody holds."""
    words = ("pytest." + "skip", "mark." + "skip", "mark.x" + "fail", "TO" + "DO", "FIX" + "ME", "type: " + "ignore")
    found = [(path.name, word) for path in [*SOURCES, *TESTS] for word in words if word in path.read_text()]
    assert found == []
