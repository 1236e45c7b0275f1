"""What a study would do, without doing it: every question, every range, every refusal, and how much of it is there.

The search is walked as `run_study` walks it for as long as every run that it needs is in the cache; beyond that nobody
knows what a sampler that learns will ask for, so from there on runs are counted at their most.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from gfplab.kernel.gfp import gfp_names
from gfplab.policy.discover import Catalogue
from gfplab.policy.tunables import Tunable
from gfplab.study.cache import CachedJobs
from gfplab.study.durations import usual
from gfplab.study.outcome import MOST_CANDIDATES, MOST_FINALISTS, outcome
from gfplab.study.program_space import ProgramDimension
from gfplab.study.samplers import UNTAUGHT, left_to_chance
from gfplab.study.sampling import Sampling
from gfplab.study.space import POLICY, STOCK, Choice, Dimension, Mask, Range
from gfplab.study.spec import Study
from gfplab.study.stopping import Stopping
from gfplab.study.store import Record, Trial
from gfplab.units import write


@dataclass(frozen=True)
class Counted:
    """Simulations, each counted at its most but for those that are known to be equal to one before."""

    baselines: int
    search: int
    select: int
    confirm: int
    cached: int
    walked: int  # trials whose settings are known, for all that was asked before them is in the cache

    @property
    def to_run(self) -> int:
        return self.baselines + self.search + self.select + self.confirm - self.cached


@dataclass(frozen=True)
class Plan:
    """A study as it would be run."""

    study: Study
    policies: tuple[tuple[str, tuple[str, ...]], ...]  # (policy or a decision point, what it may be)
    questions: tuple[dict[str, Any], ...]  # searched and fixed tunables and keys of scenarios
    defaults: Mapping[str, tuple[str, ...]]  # plugin -> its tunables that nothing searches
    refused: tuple[tuple[str, str], ...]  # (key, why), never proposed
    chance: tuple[str, ...]  # what the sampler draws by chance, whatever it has seen
    counted: Counted
    batches: int

    def seconds(self, folder: Path, workers: int) -> tuple[float | None, dict[str, float | None]]:
        """(estimate of the whole, seconds of a run by scenario), from runs that were made before; None if none were."""
        each = {name: usual(folder, path) for name, path in self.study.scenarios.items()}
        if None in each.values():
            return None, each
        mean = sum(seconds for seconds in each.values() if seconds is not None) / len(each)
        return self.counted.to_run * mean / workers, each

    def as_json(self) -> dict[str, Any]:
        """Everything, as one document."""
        study, counted = self.study, self.counted
        return {
            "title": study.title,
            "file": str(study.path),
            "policies": {name: list(values) for name, values in self.policies},
            "baselines": [each.label for each in study.baselines],
            "questions": list(self.questions),
            "defaults": {name: list(values) for name, values in self.defaults.items()},
            "left_to_chance": list(self.chance),
            "refused": [{"where": where, "why": why} for where, why in self.refused],
            "scenarios": {name: str(path) for name, path in study.scenarios.items()},
            "objectives": [asdict(objective) for objective in study.objectives],
            "constraints": [each.name for each in study.constraints],
            "sampler": study.sampler,
            "seed": study.seed,
            "seeds": list(study.seeds),
            "select": list(study.select),
            "confirm": list(study.confirm),
            "trials": study.trials,
            "batch": study.batch,
            "batches": self.batches,
            "seconds_at_most": study.seconds,
            "simulations": asdict(counted) | {"to_run": counted.to_run},
        }


def plan_study(study: Study, plugins: Catalogue, cached: CachedJobs | None = None) -> Plan:
    """The plan of a study; with `cached`, what of it needs not be run."""
    space = study.space
    policies = [(POLICY, tuple(space.stacks) or (STOCK,))]
    policies += [(each.name, tuple(map(str, each.values))) for each in space.policies if each.name != POLICY]
    if len(space.stacks) != 1:
        policies += [(name, (plugin,)) for name, plugin in space.fixed_policies.items()]
    searched = {each.name for dimensions in space.tunables.values() for each in dimensions}
    searched |= {key for each in space.fixed_tunables.values() for key in each}
    defaults = {
        name: tuple(key for key in plugins[name].tunables if f"{name}.{key}" not in searched)
        for name in sorted(_chosen(study))
    }
    searched_trials = max(study.trials - len(study.baselines), 0)
    return Plan(
        study,
        tuple(policies),
        tuple(_questions(study, plugins)),
        {name: keys for name, keys in defaults.items() if keys},
        tuple(_refused(study, plugins)),
        tuple(left_to_chance(study.sampler, space)),
        _walk(study, cached),
        -(-searched_trials // study.batch),
    )


def _chosen(study: Study) -> set[str]:
    """Every plugin that a trial of the search may use."""
    space = study.space
    stacks = {plugin for stack in space.stacks.values() for plugin in stack.values()}
    named = {str(value) for each in space.policies if each.name != POLICY for value in each.values}
    return (stacks | named | set(space.fixed_policies.values())) - {STOCK}


def _questions(study: Study, plugins: Catalogue) -> list[dict[str, Any]]:
    space = study.space
    found: list[dict[str, Any]] = []
    for each in space.override_dimensions:
        scenarios = list(space.overrides[each.name].scenarios)
        found.append({"key": each.name, "of": scenarios, "range": range_text(each)} | _when(study, each.name))
    for key, override in space.overrides.items():
        if override.fixed is not None:
            found.append({"key": key, "of": list(override.scenarios), "range": f"always {override.fixed}"})
    for plugin, dimensions in sorted(space.tunables.items()):
        for dimension in dimensions:
            declared = _declared(plugins, dimension.name)
            said: dict[str, Any] = {
                "key": dimension.name,
                "asked_with": plugin,
                "range": range_text(dimension, declared),
            }
            found.append(said | {"default": declared.write(declared.default)} | _when(study, dimension.name))
    for plugin, values in sorted(space.fixed_tunables.items()):
        for key, value in values.items():
            said = {"key": key, "asked_with": plugin, "range": f"always {_declared(plugins, key).write(value)}"}
            found.append(said | {"default": _declared(plugins, key).write(_declared(plugins, key).default)})
    return found


def _when(study: Study, key: str) -> dict[str, list[str]]:
    conditions = study.space.conditions.get(key, ())
    return {"when": [condition.text for condition in conditions]} if conditions else {}


def _declared(plugins: Catalogue, key: str) -> Tunable:
    plugin, _, name = key.partition(".")
    return plugins[plugin].tunables[name]


def range_text(each: Dimension, declared: Tunable | None = None) -> str:
    """What a dimension may answer, in a few words."""
    if isinstance(each, Range):
        kind = each.kind if each.kind in ("size", "time", "rate") else ""
        low, high = (write(kind, int(end)) if kind else str(end) for end in (each.low, each.high))
        step = "" if each.step is None else f", step {write(kind, int(each.step)) if kind else each.step}"
        return f"{low} .. {high}{step}{', log' if each.log else ''}"
    if isinstance(each, Mask):
        flags = ", ".join(flag for flag, _ in each.bits)
        return f"{len(each.legal)} legal masks, which differ in {flags}" if flags else gfp_names(each.legal[0])
    if isinstance(each, ProgramDimension):
        return f"programs of at most {each.limit} steps: {', '.join((*each.steps, *each.waits))}"
    if isinstance(each, Choice):
        return "one of " + ", ".join(declared.write(value) if declared else str(value) for value in each.values)
    raise TypeError(each)


def _refused(study: Study, plugins: Catalogue) -> list[tuple[str, str]]:
    """What of the ranges can never be proposed, and why."""
    found = []
    for dimensions in study.space.tunables.values():
        for each in dimensions:
            declared = _declared(plugins, each.name)
            if isinstance(each, Mask):
                asked = 1 << len(each.bits)
                if asked > len(each.legal):
                    found.append((each.name, f"{asked - len(each.legal)} of {asked} combinations of these flags"))
                found += [(each.name, rule) for rule in declared.refusals]
    return found


def _walk(study: Study, cached: CachedJobs | None) -> Counted:
    """Count the runs, going through the search as far as the cache goes."""
    runs = len(study.scenarios) * len(study.seeds)
    seen: set[str] = set()
    measured_trials: list[Trial] = []
    in_cache = walked = 0

    def take(trial: Trial) -> Trial | None:
        """The trial as measured, or None if one of its runs is not in the cache."""
        nonlocal in_cache, walked
        walked += 1
        done = trial
        for seeds in stopping.stages(trial):
            found = run(trial, seeds)
            if found is None:
                run(trial, study.seeds)  # for the count: who could be dropped is not known
                return None
            done = found
            rival = stopping.beaten_by(done) if seeds != study.seeds and not done.failed else None
            if done.failed or rival is not None:
                done = replace(done, beaten_by=rival)
                break
        measured_trials.append(done)
        return done

    def run(trial: Trial, seeds: tuple[int, ...]) -> Trial | None:
        """The trial with these seeds, if they are in the cache."""
        nonlocal in_cache
        measured = []
        for job in study.jobs(trial, seeds):
            metrics = cached.known(job) if cached else None
            if job.key not in seen:
                seen.add(job.key)
                in_cache += metrics is not None
            if metrics is not None:
                measured.append((job.scenario, job.seed, dict(metrics)))
        if len(measured) < len(study.scenarios) * len(seeds):
            return None
        done = replace(trial, runs=measured)
        return replace(done, failure=study.unmeasured(done))

    def front_now() -> Stopping:
        return Stopping(study.early_stop, study.seeds, study.objectives, study.constraints, measured_trials)

    sampling = Sampling(study.space, study.objectives, study.constraints, study.sampler, study.seed, study.batch)
    trials = study.first_trials(study.trials)
    stopping = front_now()
    baselines = [take(trial) for trial in trials]
    baseline_runs = len(seen)
    number, told = len(trials), baselines
    for batch in count(1):
        size = min(study.batch, study.trials - number)
        if size <= 0 or (None in told and study.sampler not in UNTAUGHT):
            break
        for trial in told:
            if trial is not None and study.sampler not in UNTAUGHT:
                sampling.tell(trial)
        stopping = front_now()
        told = [take(study.asked(number + i, batch, values)) for i, values in enumerate(sampling.ask(batch, size))]
        number += size
    search = len(seen) - baseline_runs + runs * (study.trials - number)
    again = len(study.scenarios) * min(MOST_CANDIDATES, study.trials - len(trials))
    select, confirm = again * len(study.select), len(study.scenarios) * len(study.confirm)
    confirm *= len(trials) + min(MOST_FINALISTS, study.trials - len(trials))

    def repeat(numbers: list[int], seeds: tuple[int, ...]) -> tuple[int, dict[int, Trial]]:
        """How many runs it takes to run these trials with these seeds, and the trials that are in the cache."""
        nonlocal in_cache
        new, there = set(), {}
        for trial in (measured_trials[number] for number in numbers):
            found = []
            for job in study.jobs(trial, seeds):
                metrics = cached.known(job) if cached else None
                in_cache += metrics is not None and job.key not in new
                new.add(job.key)
                if metrics is not None:
                    found.append((job.scenario, job.seed, dict(metrics)))
            if len(found) == len(study.scenarios) * len(seeds):
                there[trial.number] = replace(trial, runs=found)
        return len(new), there

    if len(measured_trials) == study.trials:
        record = Record(study.header({}), {trial.number: trial for trial in measured_trials})
        if study.select:
            candidates = outcome(Path(), record, "").candidates
            select, record.selected = repeat(candidates, study.select)
        if not study.select or len(record.selected) == len(candidates):
            confirm, _ = repeat(outcome(Path(), record, "").finalists, study.confirm) if study.confirm else (0, {})
    return Counted(baseline_runs, search, select, confirm, in_cache, walked)
