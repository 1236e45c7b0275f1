"""Inner sessions of pytest are processes of their own, which find the compiled kernel where this one has it."""

import pytest

from gfplab.engine import cache

COMPILED = str(cache.root())


@pytest.fixture
def session(pytester, monkeypatch):
    """session(*arguments): pytest with gfplab's plugin, in the folder of `pytester`; numba cannot be imported twice."""
    monkeypatch.setenv("GFPLAB_CACHE_DIR", COMPILED)  # pytester has another home folder

    def run(*arguments):
        return pytester.runpytest_subprocess("-p", "gfplab.testing.plugin", "-p", "no:cacheprovider", *arguments)

    return run
