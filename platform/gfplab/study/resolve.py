"""What a study file means: its words become plugins, scenario keys, ranges and metrics that exist.

Every mistake is collected as one sentence; nothing is run and nothing is compiled to find it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from gfplab.boot.names import names_of
from gfplab.errors import GfplabError, PolicyError, ScenarioError, StudyError
from gfplab.kernel.decisions import DECISIONS
from gfplab.policy.discover import Catalogue
from gfplab.policy.select import stock_plugin
from gfplab.policy.shares import kinds_of, share_fault
from gfplab.study.aims import figure_of, objective_of
from gfplab.study.conditions import Questions, circle
from gfplab.study.file import Aim, StudyFile
from gfplab.study.file import Range as Entry
from gfplab.study.objectives import NAMED_CONSTRAINTS, Constraint, Objective, parse_bound
from gfplab.study.ranges import override_dimension, tunable_dimension
from gfplab.study.space import POLICY, STOCK, Choice, Condition, Dimension, Override, Range, Space, Value
from gfplab.world.fields import keys_of
from gfplab.world.overrides import Setting, setting_at
from gfplab.world.scenario import World, build_world
from gfplab.world.shipped import scenario_path
from gfplab.world.toml import did_you_mean, read_toml


class Scenario:
    """A scenario of the study: its tables, to ask what a key takes, and its world as the file has it."""

    def __init__(self, path: Path):
        self.path = path.resolve()
        self.name = path.stem
        self.shown = path
        self.tables = read_toml(path, StudyError)
        self.world: World = build_world(self.tables, path)


class Resolver:
    """Goes through a study file once and collects what is wrong with it."""

    def __init__(
        self,
        file: StudyFile,
        entries: Mapping[str, Entry],
        aims: Mapping[str, Aim],
        path: Path,
        base: Path,
        plugins: Catalogue,
    ):
        self.file, self.entries, self.path, self.plugins = file, entries, path, plugins
        self.aims = aims
        self.lines: list[str] = []
        self.decisions = [decision.name for decision in DECISIONS]
        self.stock: dict[str, str] = {}  # kernel era -> its stock plugin, of every era that a run may have
        self.scenario_names = [Path(said).stem for said in file.scenarios]
        self.scenarios = self._scenarios(base)

    def wrong(self, where: str, sentence: str) -> None:
        self.lines.append(f"{self.path}: {where}: {sentence}")

    def _scenarios(self, base: Path) -> dict[str, Scenario]:
        found: dict[str, Scenario] = {}
        for said in self.file.scenarios:
            try:
                scenario = Scenario(base / said if said.endswith(".toml") else scenario_path(said))
            except GfplabError as error:
                self.lines += error.lines
                continue
            if scenario.name in found:
                self.wrong(
                    "scenarios", f"two files are named {scenario.name}.toml; rename one, for that is how it is known"
                )
            own = [*scenario.world.policies, *scenario.world.tunables]
            if own:
                self.wrong(
                    "scenarios",
                    f"{said} chooses policies of its own ({own[0]}), but trial 0 is the stock kernel; move them here",
                )
            self._era(scenario.world)
            found[scenario.name] = scenario
        return found

    def _era(self, world: World) -> None:
        """Note which plugin is the stock kernel of a world."""
        if world.kernel not in self.stock:
            try:
                self.stock[world.kernel] = stock_plugin(world.kernel, self.plugins)
            except PolicyError as error:
                self.wrong("scenarios", str(error))

    # policies

    def stack(self, label: str, where: str) -> dict[str, str]:
        """{decision: plugin} of a whole-plugin choice."""
        chosen: dict[str, str] = {}
        names = label.split("+")
        if STOCK in names and len(names) > 1:
            self.wrong(where, f"{label}: what a stack does not decide is the stock kernel's anyway; leave stock out")
        for name in names:
            if name == STOCK or not self.known(name, where):
                continue
            for decision in self.plugins[name].decisions:
                if decision in chosen:
                    self.wrong(where, f"{chosen[decision]} and {name} both decide {decision}; leave one of them out")
                chosen[decision] = name
        return chosen

    def known(self, name: str, where: str) -> bool:
        if name not in self.plugins:
            self.wrong(where, f"no plugin is named '{name}'{did_you_mean(name, [STOCK, *self.plugins])}")
        return name in self.plugins

    def decision_choices(self) -> dict[str, tuple[str, ...]]:
        """Decision point -> the plugins that may take it."""
        found = {}
        for key, names in self.file.policies.items():
            where = f"[policies] {key}"
            decision, _at, who = key.partition("@")
            if decision not in self.decisions:
                known = did_you_mean(decision, self.decisions)
                self.wrong("[policies]", f"no decision point is named '{decision}'{known}")
                continue
            if who:
                self._share(where, decision, who)
            for name in names:
                if name != STOCK and self.known(name, where) and decision not in self.plugins[name].decisions:
                    decides = ", ".join(self.plugins[name].decisions)
                    self.wrong(where, f"{name} does not decide this; it decides {decides}")
            found[key] = names
        return found

    def _share(self, where: str, decision: str, who: str) -> None:
        """A pool or a task of a name has to be there in every scenario."""
        if not kinds_of(decision):
            self.wrong(where, f"{decision} is asked about no pool and no task; leave @{who} out")
            return
        for name, scenario in self.scenarios.items():
            fault = share_fault(decision, who, names_of(scenario.world))
            if fault:
                self.wrong(where, f"{fault.replace('this scenario', name)}")

    def space(self) -> Space:
        """The whole search space."""
        stacks = {label: self.stack(label, "policy") for label in self.file.policy}
        choices = self.decision_choices()
        policies = [Choice(POLICY, self.file.policy)] if len(self.file.policy) > 1 else []
        policies += [Choice(decision, names) for decision, names in sorted(choices.items()) if len(names) > 1]
        fixed = {decision: names[0] for decision, names in choices.items() if len(names) == 1}
        if len(self.file.policy) == 1:
            # a single whole plugin is the ground on which the named decision points stand
            fixed = {**stacks[self.file.policy[0]], **fixed}
        used = {plugin for stack in stacks.values() for plugin in stack.values()}
        used |= {name for names in choices.values() for name in names} - {STOCK}

        tunables: dict[str, list[Dimension]] = {}
        fixed_tunables: dict[str, dict[str, Value]] = {}
        overrides: dict[str, Override] = {}
        dimensions: list[Range | Choice] = []
        for key, entry in sorted(self._expanded().items()):
            plugin, _, tunable = key.partition(".")
            if plugin not in self.plugins or not tunable:
                self._override(key, entry, overrides, dimensions)
            elif self._tunable_exists(key, plugin, tunable, entry, used):
                declared = self.plugins[plugin].tunables[tunable]
                try:
                    if entry.fixed is not None:
                        fixed_tunables.setdefault(plugin, {})[key] = declared.coerce(entry.fixed)
                    else:
                        tunables.setdefault(plugin, []).append(tunable_dimension(key, declared, entry))
                except ValueError as error:
                    self.wrong(f"[search] {key}", str(error))
        always = [*fixed, *(key for key, override in overrides.items() if override.fixed is not None)]
        always += [key for values in fixed_tunables.values() for key in values]
        if len(self.file.policy) == 1:
            always.append(POLICY)
        found = Space(stacks, fixed, policies, overrides, dimensions, tunables, fixed_tunables)
        return replace(found, conditions=self._conditions(found, always))

    # [search]

    def _conditions(self, space: Space, fixed: list[str]) -> dict[str, tuple[Condition, ...]]:
        """What has to hold for a dimension to be asked."""
        asked = {dimension.name: dimension for dimension in space.dimensions()}
        tunables = {
            each.name: self.plugins[plugin].tunables[each.name.partition(".")[2]]
            for plugin, dimensions in space.tunables.items()
            for each in dimensions
        }
        questions = Questions(asked, tunables, fixed)
        found: dict[str, tuple[Condition, ...]] = {}
        for key, entry in sorted(self._expanded().items()):
            if entry.when and key in asked:
                found[key] = questions.conditions(key, entry.when, partial(self.wrong, f"[search] {key}"))
        if turning := circle(found):
            self.wrong(f"[search] {turning[0]}", f"when: {' waits for '.join(turning)}; leave one of them out")
            return {}
        found = {key: conditions for key, conditions in found.items() if conditions}
        for key in replace(space, conditions=found).never_asked():
            self.wrong(
                f"[search] {key}", "when: no choice of policy and [policies] allows this, so it would never be asked"
            )
        return found

    def _expanded(self) -> dict[str, Entry]:
        """The entries, `plugin.*` replaced by every tunable of the plugin that has no entry of its own."""
        found = {key: entry for key, entry in self.entries.items() if not key.endswith(".*")}
        for key in sorted(self.entries.keys() - found.keys()):
            plugin = key.removesuffix(".*")
            if not self.known(plugin, f"[search] {key}"):
                continue
            if self.entries[key].said.keys() - {"when"}:
                self.wrong(f"[search] {key}", "several tunables have no range in common; write {} for their own ranges")
            for tunable in self.plugins[plugin].tunables:
                found.setdefault(f"{plugin}.{tunable}", self.entries[key])
        return found

    def _tunable_exists(self, key: str, plugin: str, tunable: str, entry: Entry, used: Iterable[str]) -> bool:
        declared = self.plugins[plugin].tunables
        if tunable not in declared:
            self.wrong(f"[search] {key}", f"{plugin} has no tunable '{tunable}'{did_you_mean(tunable, declared)}")
            return False
        if plugin not in used:
            self.wrong(f"[search] {key}", f"{plugin} is never chosen, so nothing would read this; name it under policy")
        if entry.scenarios is not None:
            self.wrong(f"[search] {key}", "scenarios belongs to keys of scenarios; a tunable goes with its plugin")
        return True

    def _override(
        self, key: str, entry: Entry, overrides: dict[str, Override], dimensions: list[Range | Choice]
    ) -> None:
        where = f"[search] {key}"
        first, _, rest = key.partition(".")
        if first in ("policies", "tunables"):
            self.wrong(where, f"write {'it under [policies]' if first == 'policies' else rest + ' without tunables.'}")
            return
        roots = keys_of(World)
        if first not in roots:
            known = [*(f"{name}.{tunable}" for name, each in self.plugins.items() for tunable in each.tunables), *roots]
            hint = did_you_mean(key, known) if rest else did_you_mean(first, roots)
            self.wrong(where, "neither a plugin's tunable nor a key of the scenarios" + hint)
            return
        names = entry.scenarios if entry.scenarios is not None else tuple(self.scenario_names)
        setting = self._setting(key, names, where)
        if setting is None:
            return
        try:
            made = override_dimension(key, setting, entry)
        except ValueError as error:
            self.wrong(where, str(error))
            return
        kind = made.kind if isinstance(made, Range) else ""
        override = Override(names, entry.fixed, kind)
        if self._worlds_exist(key, override, names, made):
            overrides[key] = override
            if made is not None:
                dimensions.append(made)

    def _setting(self, key: str, names: Iterable[str], where: str) -> Setting | None:
        """What kind of value the key takes in these scenarios; None if one of them has no such key."""
        unknown = [name for name in names if name not in self.scenario_names]
        if unknown:
            known = did_you_mean(unknown[0], self.scenario_names)
            self.wrong(where, f"no scenario of this study is named '{unknown[0]}'{known}")
            return None
        takes: dict[str, Setting] = {}
        refused: dict[str, str] = {}
        for name, scenario in self.scenarios.items():
            try:
                takes[name] = setting_at(scenario.tables, key, "", StudyError)
            except StudyError as error:
                refused[name] = str(error).partition(": ")[2]
        missing = [name for name in names if name in refused]
        if missing:
            having = ", ".join(f'"{name}"' for name in takes)
            said = refused[missing[0]]
            if having:
                said = f"in {missing[0]} {said}; write scenarios = [{having}] beside the values"
            self.wrong(where, said)
        # without `takes` no scenario could be read, and that has been said
        return None if missing else next(iter(takes.values()), None)

    def _worlds_exist(self, key: str, override: Override, names: Iterable[str], made: Range | Choice | None) -> bool:
        """Whether each scenario takes the value, or both ends of the range, or every choice."""
        ends = [override.fixed] if made is None else made.values if isinstance(made, Choice) else [made.low, made.high]
        before = len(self.lines)
        for scenario in (self.scenarios[name] for name in names if name in self.scenarios):
            for end in ends:
                try:
                    set_to = {key: override.written(end)}
                    self._era(build_world(scenario.tables, scenario.shown, set_to, f"{self.path}: [search]"))
                except ScenarioError as error:
                    self.lines += [line for line in error.lines if line not in self.lines]
        return len(self.lines) == before

    # objectives and constraints

    def objectives(self) -> list[Objective]:
        """The objectives, in the order of the file."""
        if not self.file.objectives:
            self.wrong("[objectives]", 'nothing is asked for; write for example worst_io_stall_ms = "worst"')
        found = (objective_of(name, aim, self) for name, aim in self.aims.items())
        return [objective for objective in found if objective is not None]

    def constraints(self) -> list[Constraint]:
        """The constraints, in the order of the file."""
        found = []
        for text in self.file.constraints:
            said = parse_bound(text)
            if said is None:
                hint = did_you_mean(text, NAMED_CONSTRAINTS) if text.isidentifier() else ""
                self.wrong(
                    "constraints", f"'{text}' is no constraint" + (hint or '; write for example "oom_kills <= 0"')
                )
            elif (where := figure_of(said[0], "constraints", self)) is not None:
                found.append(Constraint(text, where[1], said[1], said[2], where[0]))
        return found
