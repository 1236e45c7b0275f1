"""Who is compared: labels such as `pool_first+linux_4_9` or `./mine.py` become jobs that lack nothing but a seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gfplab.errors import StudyError
from gfplab.policy.discover import Catalogue, is_file, split_share
from gfplab.policy.select import STOCK, PolicySet, select, stock_plugin
from gfplab.study.jobs import Job
from gfplab.study.space import Value
from gfplab.study.versus import Contestant
from gfplab.world.scenario import load_scenario


@dataclass(frozen=True)
class Entries:
    """The contestants, and what their runs depend on beside their jobs, as the study's cache wants it."""

    contestants: list[Contestant]
    made_of: dict[str, str]  # "scenario x", "plugin y", "library z" -> hash
    stock: tuple[str, ...]


def enter(
    path: Path,
    labels: Sequence[str],
    overrides: Mapping[str, Value],
    tunables: Mapping[str, Value],
    plugins: Catalogue,
) -> Entries:
    """A contestant for each label; overrides go for all of them, a tunable for those that have its plugin."""
    world = load_scenario(path, overrides)
    own = [*world.policies, *world.tunables]
    if own:
        raise StudyError(f"{path}: chooses policies of its own ({own[0]}); leave them out, and name them with -p")
    stock = stock_plugin(world.kernel, plugins)
    contestants: list[Contestant] = []
    made_of = {f"scenario {path.stem}": load_scenario(path).sha256()}
    unread = dict(tunables)
    for label in labels:
        stack = () if label == STOCK else tuple(label.split("+"))
        in_use = {plugin.name for plugin in select(world.kernel, extra=stack, plugins=plugins).plugins()}
        mine = {key: value for key, value in tunables.items() if key.rpartition(".")[0] in in_use}
        chosen = select(world.kernel, extra=stack, tunables=mine, plugins=plugins)
        unread = {key: value for key, value in unread.items() if key not in mine}
        contestants.append(Contestant(label, _job(path, overrides, mine, chosen, stock)))
        made_of |= {f"plugin {name}": sha256 for name, sha256 in chosen.sources().items()}
        made_of |= {f"library {name}": sha256 for name, sha256 in chosen.libraries().items()}
    if unread:
        key = next(iter(unread))
        raise StudyError(f"--set {key}: none of {', '.join(labels)} has this plugin; leave it out, or name it with -p")
    return Entries(contestants, made_of, (stock,))


def files_of(labels: Sequence[str]) -> tuple[str, ...]:
    """The plugins among the labels that are files."""
    parts = (split_share(part)[0] for label in labels for part in label.split("+"))
    return tuple(dict.fromkeys(part for part in parts if is_file(part)))


def _job(
    path: Path, overrides: Mapping[str, Value], tunables: Mapping[str, Value], chosen: PolicySet, stock: str
) -> Job:
    """As a study asks for it: what the stock kernel answers is not said, so both find each other's runs."""
    policies = {key: name for key, name in sorted(chosen.names().items()) if name != stock or "@" in key}
    numbers = {key: value for key, value in sorted(chosen.tunables().items()) if key in tunables}
    return Job(path.stem, str(path.resolve()), dict(overrides), policies, numbers, seed=0)
