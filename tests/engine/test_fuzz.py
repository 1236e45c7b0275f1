"""Random programs inside the subset run alike in all modes (`python tests/engine/fuzz.py 0 2000 compiled` for more)."""

import os

import fuzz
import pytest

MORE = int(os.environ.get("GFPLAB_FUZZ", "1"))  # GFPLAB_FUZZ=20: twenty times as many programs


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(6 * MORE))
def test_random_programs_agree_in_the_pure_modes(batch, tmp_path):
    numbers = range(1000 + 20 * batch, 1020 + 20 * batch)
    assert len(list(fuzz.compare(tmp_path, numbers, ["generators", "steps"]))) == 20


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(2 * MORE))
def test_random_programs_agree_when_compiled(batch, tmp_path):
    numbers = range(6 * batch, 6 * batch + 6)
    assert len(list(fuzz.compare(tmp_path, numbers, ["generators", "compiled"]))) == 6


@pytest.mark.slow
def test_random_programs_agree_in_check_builds(tmp_path):
    assert len(list(fuzz.compare(tmp_path, range(500, 520), ["generators", "steps"], check=True))) == 20
