"""A study: the question, complete and checked, in a form that does not change any more.

`load_study` reads the file (file.py), finds what its words mean (resolve.py) and chooses the baselines (baselines.py);
whatever is wrong is said at once.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gfplab.errors import StudyError
from gfplab.policy.discover import Catalogue, discover
from gfplab.study.baselines import Baseline, baselines_of
from gfplab.study.file import EarlyStop, read_file
from gfplab.study.jobs import Job
from gfplab.study.objectives import Constraint, Objective
from gfplab.study.outcome import shape_of
from gfplab.study.resolve import Resolver
from gfplab.study.samplers import points, refusal
from gfplab.study.space import POLICY, STOCK, Space, Value
from gfplab.study.store import Trial
from gfplab.world.toml import read_toml

DEFAULT_TRIALS = 40
MOST_OF_A_GRID = 10_000  # points that a grid is run for unasked

# keys that a resumed study may have changed: they say how far it goes, not what it finds on the way
_BUDGET = ("title", "trials", "seconds", "select", "confirm")


@dataclass(frozen=True)
class Study:
    """Everything that a coordinator needs; equal studies give equal trials."""

    title: str
    path: Path
    text: str
    seed: int
    trials: int
    seconds: int | None
    batch: int
    sampler: str
    seeds: tuple[int, ...]
    early_stop: EarlyStop | None
    select: tuple[int, ...]
    confirm: tuple[int, ...]
    scenarios: Mapping[str, Path]
    space: Space
    objectives: tuple[Objective, ...]
    constraints: tuple[Constraint, ...]
    baselines: tuple[Baseline, ...]
    said: Mapping[str, Any]  # the file's keys, as far as they decide the trials
    made_of: Mapping[str, str]  # "plugin x", "scenario y" -> hash
    stock: tuple[str, ...]  # the plugins that are the stock kernels of the scenarios' eras

    def jobs(self, trial: Trial, seeds: tuple[int, ...] | None = None) -> list[Job]:
        """Every run of a trial: the seeds are the same for all, so that two trials differ in what was tried alone."""
        return [
            Job(
                scenario,
                str(path),
                self.space.overrides_of(trial.values, scenario),
                trial.policies,
                trial.tunables,
                seed,
                self.columns,
            )
            for scenario, path in self.scenarios.items()
            for seed in seeds or self.seeds
        ]

    @property
    def columns(self) -> tuple[str, ...]:
        """Figures that are read off tables for this study alone, by name."""
        return tuple(sorted({each.metric for each in self._figures if "." in each.metric}))

    @property
    def _figures(self) -> list[Objective | Constraint]:
        return [*self.objectives, *self.constraints]

    def first_trials(self, wanted: int) -> list[Trial]:
        """The baselines as trials, as many as are wanted."""
        return [
            Trial(number, 0, "baseline", each.label, dict(each.values), dict(each.policies), {})
            for number, each in enumerate(self.baselines[:wanted])
        ]

    def asked(self, number: int, batch: int, values: dict[str, Value], why: str = "") -> Trial:
        """A sampler's answers as a trial."""
        policies, tunables = self.space.policies_of(values), self.space.tunables_of(values)
        return Trial(number, batch, "sampler", self.space.label_of(values), values, policies, tunables, why=why)

    @property
    def edited(self) -> bool:
        """Whether the file says something else by now; one that is gone says nothing."""
        try:
            return self.path.read_text() != self.text
        except OSError:
            return False

    def unmeasured(self, trial: Trial) -> str:
        """Why a trial's runs give no objectives: a metric is missing or is not a number; "" if all is well."""
        for (scenario, seed), metrics in trial.measured.items():
            for wanted in self._figures:
                if wanted.reads(scenario) and math.isnan(metrics.get(wanted.metric, math.nan)):
                    return f"{scenario}, seed {seed}: the run gives no {wanted.metric}"
        return ""

    def header(self, identity: Mapping[str, str]) -> dict[str, Any]:
        """The first line of the journal."""
        said = {
            "title": self.title,
            "file": str(self.path.resolve()),
            "wanted": self.trials,
            "said": self.said,
            "made_of": {**self.made_of, **identity},
            "shape": shape_of(self.space, list(self.objectives), list(self.constraints)),
        }
        return json.loads(json.dumps(said))

    def check_same(self, recorded: Mapping[str, Any], now: Mapping[str, Any], directory: Path) -> None:
        """StudyError naming the first thing that has changed since the study in `directory` began."""
        began, is_now = _flat(recorded["said"]), _flat(now["said"])
        for key in sorted(began.keys() | is_now.keys()):
            if began.get(key) != is_now.get(key):
                raise StudyError(
                    f"{self.path}: {key} was {_shown(began.get(key))} when the study in {directory} began and is"
                    f" {_shown(is_now.get(key))} now; put it back, or start a new folder with --out"
                )
        made_of = recorded["made_of"]
        for name in sorted(made_of.keys() | now["made_of"].keys()):
            if made_of.get(name) != now["made_of"].get(name):
                raise StudyError(
                    f"{directory}: {name} has changed since this study began, so its trials would not compare;"
                    " put it back, or start a new folder with --out"
                )


def load_study(path: Path | str, plugins: Catalogue | None = None, base: Path | None = None) -> Study:
    """The study in a file; StudyError with a line for every mistake.

    `plugins` are those that may be named (default: all that can be found), `base` is where the scenarios' paths start
    (default: the file's folder).
    """
    path = Path(path)
    file, entries, aims = read_file(read_toml(path, StudyError), path)
    resolver = Resolver(file, entries, aims, path, base or path.parent, discover() if plugins is None else plugins)
    space, objectives, constraints = resolver.space(), resolver.objectives(), resolver.constraints()
    baselines = baselines_of(file.baselines, space, resolver)
    if not resolver.lines and not space.dimensions() and (file.trials or 0) > len(baselines):
        resolver.wrong("trials", "nothing is searched beyond the baselines; name several policies or write a [search]")
    if file.trials is not None and file.trials < len(baselines):
        resolver.wrong(
            "trials", f"{file.trials} are fewer than the baselines, which are {len(baselines)} with the stock kernel"
        )
    if file.early_stop is not None and file.early_stop.min_seeds >= len(file.seeds):
        resolver.wrong(
            "early_stop",
            f"min_seeds = {file.early_stop.min_seeds} is all of seeds, so nothing could be saved; name more seeds",
        )
    seeds = {"seeds": file.seeds, "select": file.select, "confirm": file.confirm}
    for before, after in (("seeds", "select"), ("seeds", "confirm"), ("select", "confirm")):
        if used := sorted(set(seeds[before]) & set(seeds[after])):
            resolver.wrong(
                after, f"{used[0]} is one of {before}; who was chosen by a seed looks good under it, so take others"
            )
    if not resolver.lines and (why := refusal(file.sampler, len(objectives), space)):
        resolver.wrong("sampler", why)
    if resolver.lines:
        raise StudyError("\n".join(dict.fromkeys(resolver.lines)))

    trials = file.trials or (DEFAULT_TRIALS if space.dimensions() else len(baselines))
    if file.sampler == "grid":
        most = (file.trials or MOST_OF_A_GRID) - len(baselines)
        trials = len(baselines) + (points(space, most) if space.dimensions() else 0)
    said = {key: value for key, value in asdict(file).items() if key not in (*_BUDGET, "search")}
    said["search"] = {key: entry.said for key, entry in entries.items()}
    return Study(
        title=file.title,
        path=path,
        text=path.read_text(),
        seed=file.seed,
        trials=trials,
        seconds=file.seconds,
        batch=file.batch,
        sampler=file.sampler,
        seeds=file.seeds,
        early_stop=file.early_stop,
        select=file.select,
        confirm=file.confirm,
        scenarios={name: scenario.path for name, scenario in resolver.scenarios.items()},
        space=space,
        objectives=tuple(objectives),
        constraints=tuple(constraints),
        baselines=tuple(baselines),
        said=said,
        made_of=_made_of(resolver, space, baselines),
        stock=tuple(sorted(resolver.stock.values())),
    )


def _made_of(resolver: Resolver, space: Space, baselines: list[Baseline]) -> dict[str, str]:
    """A hash for every scenario, and for every plugin that a run may use, those of the stock kernels included."""
    stacks = [*space.stacks.values(), space.fixed_policies, *(each.policies for each in baselines)]
    used = {plugin for stack in stacks for plugin in stack.values()} | set(resolver.stock.values())
    used |= {str(name) for choice in space.policies if choice.name != POLICY for name in choice.values}
    scenarios = {f"scenario {name}": scenario.world.sha256() for name, scenario in resolver.scenarios.items()}
    return scenarios | {f"plugin {name}": resolver.plugins[name].source_hash for name in sorted(used - {STOCK})}


def _flat(said: Any, before: str = "") -> dict[str, Any]:
    """Nested tables as dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in said.items():
        name = f"[{before}] {key}" if before else key
        flat |= _flat(value, key if not before else f"{before}.{key}") if isinstance(value, dict) else {name: value}
    return flat


def _shown(value: Any) -> str:
    return "not there" if value is None else json.dumps(value)
