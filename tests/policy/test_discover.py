"""Where do plugins come from, and what happens to those that cannot be used? They are never passed over in silence."""

import sys
import types
from importlib.metadata import EntryPoint

import pytest

from gfplab.errors import PolicyError
from gfplab.policy import discover as place
from gfplab.policy.discover import discover

TEXT = '"""{doc}"""\n\nfrom gfplab import hookimpl\n\n\n@hookimpl\ndef mempool_free():\n    return 1\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to work in, with a folder of plugins."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugins").mkdir()
    return tmp_path / "plugins"


def test_the_shipped_plugins_are_there():
    """The stock kernels and the proposals of July 2016, by name."""
    names = list(discover(folder="no such folder"))
    assert {"flag_only", "hocko_rfc", "linux_4_7", "linux_4_9", "linux_6_1", "neil_mask", "pool_first"} <= set(names)
    assert names == sorted(names)


def test_a_dropped_file_is_a_plugin(folder):
    """In order of name; files that begin with an underscore are something else."""
    for name in ("zebra", "ant", "_draft"):
        (folder / f"{name}.py").write_text(TEXT.format(doc="An argument."))
    found = [plugin for plugin in discover().values() if plugin.origin == "./plugins"]
    assert [plugin.name for plugin in found] == ["ant", "zebra"]
    assert found[0].path == "plugins/ant.py" and found[0].decisions == ("mempool_free",)


def test_a_name_means_one_plugin(folder, tmp_path):
    """Wherever the second one comes from, and be it a shipped one's."""
    (folder / "mine.py").write_text(TEXT.format(doc="A."))
    (tmp_path / "mine.py").write_text(TEXT.format(doc="B."))
    with pytest.raises(
        PolicyError, match=r"mine.py: there is a plugin 'mine' in plugins/mine.py; rename one of the files"
    ):
        discover(files=["mine.py"])
    (folder / "mine.py").rename(folder / "neil_mask.py")
    with pytest.raises(PolicyError, match="there is a plugin 'neil_mask' in "):
        discover()


def test_a_dropped_file_may_be_named_as_well(folder):
    """`-p plugins/mine.py` is the file that is found anyway, not a second one."""
    (folder / "mine.py").write_text(TEXT.format(doc="A."))
    assert discover(files=["plugins/mine.py", folder / "mine.py"])["mine"].origin == "-p"


def test_a_broken_dropped_file_stops_the_run(folder):
    """Without a traceback, with the line in which it failed."""
    (folder / "broken.py").write_text("import nothing_of_that_name\n")
    with pytest.raises(PolicyError) as problem:
        discover()
    assert str(problem.value) == (
        "plugins/broken.py:1: cannot be imported: there is no module 'nothing_of_that_name'; install it, or "
        "remove the import: a policy is numbers only\n    import nothing_of_that_name"
    )


def test_a_missing_file_is_told_by_name(folder):
    """As it was given with -p."""
    with pytest.raises(PolicyError, match="gone.py: cannot be read: No such file or directory"):
        discover(files=["gone.py"])


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """A module of an installed package, known by an entry point."""

    def install(name, text, value=None):
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setattr(place, "entry_points", lambda group: [EntryPoint(name, value or name, group)])

    yield install
    sys.modules.pop("their_policy", None)


def test_an_installed_package_brings_plugins(installed, folder):
    """Through the entry point group gfplab."""
    installed("their_policy", TEXT.format(doc="Theirs."))
    plugin = discover()["their_policy"]
    assert plugin.origin == "entry point their_policy" and plugin.first_line == "Theirs."


def test_an_installed_package_that_fails_is_named(installed, folder):
    """The entry point says which package to mend."""
    installed("their_policy", TEXT.format(doc="Theirs."), "no_such_module_at_all")
    with pytest.raises(
        PolicyError, match="entry point their_policy = no_such_module_at_all: cannot be imported: Module"
    ):
        discover()


def test_an_unknown_plugin_is_offered_a_near_one(plugins):
    """get_plugin() is for names that people write."""
    with pytest.raises(PolicyError, match="there is no plugin 'hoko_rfc'; did you mean 'hocko_rfc'?"):
        plugins.get_plugin("hoko_rfc")
    assert plugins.get_plugin("hocko_rfc").name == "hocko_rfc"


def test_the_implementers_of_a_decision_are_known(plugins):
    """pluggy keeps the account."""
    found = [p.name for p in plugins.implementers("throttle_vm_writeout")]
    assert found == [name for name, plugin in plugins.items() if "throttle_vm_writeout" in plugin.functions]
    assert {"hocko_rfc", "linux_4_7", "linux_4_9", "linux_6_1"} <= set(found)
    assert [p.name for p in plugins.implementers("get_scan_count")] == ["file_first", "linux_4_7", "linux_6_1"]


def test_a_plugin_knows_what_it_is(plugins):
    """Families, docstring, hash of the file."""
    plugin = plugins["hocko_rfc"]
    assert plugin.families == ("mempool", "throttle")
    assert plugin.first_line == "Never throttle a task that performs the writeback which the throttle waits for."
    assert len(plugin.source_hash) == 64
    assert isinstance(plugin.module, types.ModuleType)
