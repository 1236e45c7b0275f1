"""Makes study_toy importable by name: a spawned worker process has to find the toy's jobs as well."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import study_toy  # noqa: E402

from gfplab.study.spec import load_study  # noqa: E402


@pytest.fixture
def study(tmp_path):
    """The toy study, loaded."""
    return load_study(study_toy.write_study(tmp_path / "files"), study_toy.PLUGINS)


@pytest.fixture
def study_of(tmp_path):
    """A function that loads a study file with the toy's plugins and scenarios around it."""

    def load(text):
        return load_study(study_toy.write_study(tmp_path / "files", text), study_toy.PLUGINS)

    return load
