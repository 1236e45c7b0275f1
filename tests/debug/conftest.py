"""A short storm for the tests of this folder, and policies to run it with."""

from pathlib import Path

import pytest

from gfplab.policy.discover import discover
from gfplab.policy.select import select
from gfplab.world.scenario import load_scenario

SCENARIO = Path(__file__).parents[2] / "studies" / "scenarios" / "s1_quarter.toml"


@pytest.fixture(scope="session")
def plugins():
    return discover()


@pytest.fixture(scope="session")
def storm():
    """The first 150 ms, in which reclaim begins and a pool runs low."""
    return load_scenario(SCENARIO, {"length": "150ms"})


@pytest.fixture(scope="session")
def policies_of(storm, plugins):
    """The policies of a run with these in place of the stock kernel's."""
    return lambda *names: select(storm.kernel, storm.policies, extra=names, plugins=plugins)


@pytest.fixture
def plugin_in(tmp_path, storm):
    """Writes a plugin file and gives its Plugin; .policies() are those of a run with the files so far."""

    class Files:
        written: list[str] = []

        def __call__(self, name, text):
            path = tmp_path / f"{name}.py"
            path.write_text(text.lstrip())
            self.written = [*self.written, str(path)]
            return discover(files=self.written)[name]

        def policies(self):
            return select(storm.kernel, extra=self.written)

    return Files()
