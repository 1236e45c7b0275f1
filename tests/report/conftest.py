"""The run made by hand, for the tests of this folder."""

import importlib.util
from pathlib import Path

import pytest

from gfplab.tables.metrics import tabulate

_file = Path(__file__).parents[1] / "tables" / "synthetic_run.py"
_spec = importlib.util.spec_from_file_location("synthetic_run", _file)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)


@pytest.fixture(scope="session")
def synthetic():
    """The module that makes runs by hand."""
    return _module


@pytest.fixture(scope="session")
def tables(synthetic):
    """The tables of the run made by hand."""
    return tabulate(synthetic.synthetic_run())
