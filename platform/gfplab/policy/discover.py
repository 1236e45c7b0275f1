"""Where plugins come from: the shipped ones, installed packages, the folder ./plugins, and files named with -p.

A plugin is known by one name, its file's stem; two of the same name are an error wherever they come from, and so is a
file that cannot be imported: what is left out in silence would change a result.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path

import pluggy

from gfplab import __version__
from gfplab.errors import PolicyError
from gfplab.policy import hookspecs
from gfplab.policy.c_policy import SUFFIX
from gfplab.policy.lint import lint
from gfplab.policy.markers import PROJECT
from gfplab.policy.plugin import Plugin, did_you_mean, load_file, load_module

SHARE = "@"  # plugin@who: for a pool or for tasks only
SHIPPED = "gfplab_plugins"
FOLDER = "plugins"


class Catalogue(Mapping[str, Plugin]):
    """All plugins that can be chosen, by name."""

    def __init__(self, plugins: Sequence[Plugin]):
        self._plugins: dict[str, Plugin] = {}
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        for plugin in plugins:
            if plugin.name in self._plugins:
                other = self._plugins[plugin.name].path
                raise PolicyError(
                    f"{plugin.path}: there is a plugin '{plugin.name}' in {other}; rename one of the files"
                )
            lint(plugin)
            self._manager.register(plugin.module, plugin.name)
            self._plugins[plugin.name] = plugin
        self._manager.check_pending()

    def __getitem__(self, name: str) -> Plugin:
        return self._plugins[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._plugins))

    def __len__(self) -> int:
        return len(self._plugins)

    def get_plugin(self, name: str) -> Plugin:
        """The plugin of this name, or a PolicyError that offers a near one."""
        if name not in self._plugins:
            raise PolicyError(f"there is no plugin '{name}'; {did_you_mean(name, list(self))}")
        return self._plugins[name]

    def implementers(self, decision: str) -> list[Plugin]:
        """The plugins that answer a decision point, by name."""
        found = getattr(self._manager.hook, decision).get_hookimpls()
        return [self._plugins[name] for name in sorted(implementation.plugin_name for implementation in found)]


def is_file(given: str) -> bool:
    """Whether what a person gave with -p is a file and not a plugin's name."""
    return split_share(given)[0].endswith((".py", SUFFIX))


def split_share(given: str) -> tuple[str, str]:
    """(`pool_first`, `swap0.tio`) of `pool_first@swap0.tio`; the second is empty where nobody is named."""
    match = re.fullmatch(r"(.*?\.(?:py|so)|[^@/\\]*)@(.+)", given)
    return (match[1], match[2]) if match else (given, "")


def discover(files: Sequence[str | Path] = (), folder: str | Path = FOLDER) -> Catalogue:
    """Every plugin there is: shipped, installed, dropped into `folder`, and in `files`."""
    given = [split_share(str(file))[0] for file in files]
    named = {Path(file).resolve(): load_file(file, "-p") for file in given}
    dropped = [path for path in sorted(Path(folder).glob("[!_]*.py")) if path.resolve() not in named]
    found = [load_file(str(path), f"./{folder}") for path in dropped]
    return Catalogue([*_shipped(), *_installed(), *found, *named.values()])


def _shipped() -> list[Plugin]:
    package = importlib.import_module(SHIPPED)
    own = f"gfplab {__version__}"
    names = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    return [load_module(name, importlib.import_module(f"{SHIPPED}.{name}"), "shipped", own) for name in names]


def _installed() -> list[Plugin]:
    plugins = []
    for entry in sorted(entry_points(group=PROJECT), key=lambda entry: entry.name):
        try:
            module = entry.load()
        except PolicyError:
            raise
        except Exception as error:
            words = " ".join(f"{type(error).__name__}: {error}".split())
            raise PolicyError(f"entry point {entry.name} = {entry.value}: cannot be imported: {words}") from None
        brought = f"{entry.dist.name} {entry.dist.version}" if entry.dist else ""
        origin = f"package {brought}" if brought else f"entry point {entry.name}"
        plugins.append(load_module(entry.name, module, origin, brought))
    return plugins
