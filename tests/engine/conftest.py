"""Tests of the engine share two small files: lab.py (the real engine) and tiny.py (a toy one, for the transformer)."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(params=["generators", "steps"])
def mode(request):
    """The pure modes; what holds in all three is in test_engine_modes.py."""
    return request.param
