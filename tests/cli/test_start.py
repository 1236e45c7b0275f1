"""`gfplab --help` is quick because it imports nothing that it does not need."""

import subprocess
import sys

import pytest

HEAVY = ("numpy", "polars", "numba", "optuna", "pydantic", "rich", "pluggy", "tomli", "altair", "sqlalchemy")
LIGHT = ("click", "gfplab")


def imported_by(script: str) -> set[str]:
    """Top-level packages that a fresh process holds after the script."""
    script += "\nimport sys; print('MODULES', *sorted({name.split('.')[0] for name in sys.modules}))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(found.stdout.split("MODULES ")[1].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["run", "--help"],
        ["study", "run", "--help"],
        ["completion", "bash"],
        ["export", "--help"],
    ],
)
def test_help_version_and_completion_import_click_and_nothing_heavy(arguments):
    script = f"from gfplab.cli.main import run_command_line\nassert run_command_line({arguments!r}) == 0"
    assert imported_by(script).isdisjoint(HEAVY)


def test_importing_the_command_line_adds_click_and_the_standard_library_only():
    before = imported_by("")
    after = imported_by("import gfplab.cli.main, gfplab.__main__")
    outside = {name for name in after - before if name not in sys.stdlib_module_names and not name.startswith("_")}
    assert outside == set(LIGHT)


def test_completing_a_word_imports_nothing_heavy():
    script = (
        "import os, sys\n"
        "os.environ.update(_GFPLAB_COMPLETE='bash_complete', COMP_WORDS='gfplab ru', COMP_CWORD='1')\n"
        "from gfplab.cli.main import run_command_line\n"
        "try:\n    run_command_line([])\nexcept SystemExit as done:\n    assert done.code == 0"
    )
    assert imported_by(script).isdisjoint(HEAVY)


def test_every_verb_has_a_file_of_its_name_and_a_command_in_it():
    script = (
        "from gfplab.cli.main import VERBS, cli\n"
        "for name in VERBS:\n    assert cli.get_command(None, name).name == name, name"
    )
    assert imported_by(script).isdisjoint(HEAVY)
