"""Polars computes in memory, so that sums have the same last bits in every run."""

import subprocess
import sys

import pytest

IMPORTS = {
    "polars after gfplab": "import gfplab.tables.frames, polars",
    "polars before gfplab": "import polars, gfplab.tables.frames",
}


@pytest.mark.parametrize("order", IMPORTS)
def test_importing_a_table_module_chooses_the_in_memory_engine(order):
    script = f"{IMPORTS[order]}; print(polars.Config.state()['POLARS_ENGINE_AFFINITY'])"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "in-memory"
