"""The folder that `gfplab plugin package` writes: a policy as a project of its own, from which a wheel can be built.

Its entry point in the group `gfplab` is what makes the policy known wherever the wheel is installed.
"""

import json
import os
from pathlib import Path

from gfplab import __version__
from gfplab.errors import PolicyError
from gfplab.policy.c_policy import declared_in_c
from gfplab.policy.discover import SHIPPED
from gfplab.policy.plugin import Plugin

_PYPROJECT = """\
[project]
name = {distribution}
version = "0.1.0"
description = {argument}
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["{gfplab}>={version}"]

[project.optional-dependencies]
test = ["pytest>=9"]

# gfplab looks here for policies: the name by which -p chooses it, and its module
[project.entry-points.gfplab]
{name} = "{package}.{name}"

[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[tool.hatch.build.targets.wheel]
packages = ["src/{package}"]
"""

_README = """\
# {distribution}

{argument}

A policy for gfplab, which answers {decisions}.

    pip install -e '.[test]'
    gfplab policies                    # it is listed with the others
    gfplab plugin check {name}
    gfplab run s1_quarter -p {name}
    pytest

    pip install build && python -m build --wheel     # dist/{module}-0.1.0-py3-none-any.whl, for others

Results that were made with it name its version and the hash of its source.
"""

_TEST = '''\
"""{name}: what it is tested for, on a small machine and in the storm that it is about."""

SETTINGS = {{"length": "2s"}}  # of the scenario; a tunable is set by its name, as in "{name}.TUNABLE"


def test_the_storm_ends_neither_in_an_oom_kill_nor_in_a_deadlock(scenario):
    run = scenario("s1_quarter", "{name}", settings=SETTINGS)
    run.assert_verdict("ok")


def test_the_same_seed_gives_the_same_run_in_plain_python(scenario):
    short = {{"length": "200ms"}}
    compiled = scenario("s1_quarter", "{name}", settings=short)
    assert compiled.log == scenario("s1_quarter", "{name}", settings=short, pure=True).log
'''

_TEST_MEMPOOL = """

def test_whoever_waits_for_the_pool_has_an_element_soon_after_one_comes_back(mempool):
    mut = mempool("{name}", min_nr=1).exhaust()
    held = mut.take()
    waiter = mut.take(at="1ms")
    mut.give_back(held, at="700ms")
    mut.run("6s")
    mut.assert_done_by(waiter, "5701ms")
    assert waiter.result == held.result
"""


def package_files(plugin: Plugin) -> dict[str, bytes]:
    """The files of the project by their paths in its folder; PolicyError if this plugin cannot be given away so."""
    package = f"gfplab_{plugin.name}"
    if plugin.origin == "shipped":
        raise PolicyError(
            f"{plugin.name}: comes with gfplab; copy {plugin.path} under another name, change it, and package that"
        )
    if plugin.distribution:
        raise PolicyError(f"{plugin.name}: is installed from {plugin.distribution}, so it is a package already")
    if not plugin.path.endswith(".py"):
        raise PolicyError(
            f"{plugin.path}: a library is packaged with a Python file that declares it; write one with "
            f'c_decision("./{os.path.basename(plugin.path)}")'
        )
    if not plugin.name.isidentifier() or package == SHIPPED:
        raise PolicyError(f"{plugin.path}: '{plugin.name}' is no name for a package; give the file another one")
    words = {
        "name": plugin.name,
        "package": package,
        "module": package,
        "distribution": package.replace("_", "-"),
        "argument": plugin.first_line,
        "decisions": ", ".join(plugin.decisions),
        "version": __version__,
        "gfplab": "gfplab[c]" if plugin.libraries else "gfplab",
    }
    quoted = words | {key: json.dumps(words[key], ensure_ascii=False) for key in ("distribution", "argument")}
    test = _TEST + (_TEST_MEMPOOL if "mempool_step" in plugin.decisions else "")
    texts = {
        "pyproject.toml": _PYPROJECT.format(**quoted),
        "README.md": _README.format(**words),
        f"src/{package}/__init__.py": f'"""{plugin.name}, a policy for gfplab."""\n',
        f"src/{package}/{plugin.name}.py": plugin.source,
        f"tests/test_{plugin.name}.py": test.format(**words),
    }
    files = {path: text.encode() for path, text in texts.items()}
    return files | {f"src/{package}/{path}": content for path, content in _libraries(plugin).items()}


def _libraries(plugin: Plugin) -> dict[str, bytes]:
    """The shared libraries of a plugin, by their paths beside its file."""
    folder = Path(plugin.module.__file__ or plugin.path).resolve().parent
    found = {}
    for function in plugin.functions.values():
        declared = declared_in_c(function)
        if declared is None:
            continue
        path = Path(declared.library)
        if not path.is_relative_to(folder):
            raise PolicyError(
                f"{plugin.path}:{declared.line}: {declared.shown} lies elsewhere; put it beside this file"
            )
        try:
            found[str(path.relative_to(folder))] = path.read_bytes()
        except OSError as error:
            raise PolicyError(
                f"{plugin.path}:{declared.line}: {declared.shown} cannot be read: {error.strerror}; compile it first"
            ) from None
    return found
