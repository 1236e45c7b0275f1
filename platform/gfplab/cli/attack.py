"""`gfplab attack`: the study turned around, a scenario is searched that brings a policy down."""

from pathlib import Path

import click

from gfplab.cli import options
from gfplab.cli.output import JSON, print_json, write_new
from gfplab.cli.progress import progress

HARMLESS = {"deadlock": "two_writers"}  # where the search begins, by goal; harmless_swap for the others


@click.command("attack")
@click.argument("policy", metavar="POLICY")
@click.option("--from", "start", metavar="SCENARIO", help="Where to begin.  [default: a harmless one for the goal]")
@click.option("--trials", type=click.IntRange(min=0), default=200, show_default=True, help="Most scenarios to try.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the search.")
@click.option(
    "--seeds", type=click.IntRange(min=1), default=8, show_default=True, help="It must show with seeds 1 to this."
)
@click.option(
    "--fresh", type=click.IntRange(min=0), default=100, show_default=True, help="Further seeds that show it in the end."
)
@click.option(
    "--goal",
    type=click.Choice(("stall", "fail", "deadlock", "oom")),
    default="stall",
    show_default=True,
    help="What the policy shall do.",
)
@click.option("--bound", default="1s", show_default=True, metavar="TIME", help="For stall: longer than this.")
@options.who("For stall")
@click.option("--unlike", metavar="POLICY", help="A policy that has to come through the same scenario.")
@options.WORKERS
@options.LOCAL_EXECUTOR
@options.CACHE
@click.option("--out", type=click.Path(path_type=Path), help="File to write.  [default: POLICY_GOAL.toml]")
@JSON
def cli(
    policy, start, trials, seed, seeds, fresh, goal, bound, who, unlike, workers, executor, cache, out, as_json
) -> int:
    """Search a scenario in which POLICY (a plugin, a file, or stock) stalls, fails, deadlocks or runs out of memory.

    Disks, memory, pools, reserves and tasks of the scenario --from are varied until one shows the goal with every seed;
    that is then made as small as it goes and written as a scenario file. --trials 0 only asks whether the scenario
    shows the goal as it is. The exit code is 0 if a scenario was found, 1 if not.
    """
    from gfplab.adversary.attack import Attack, Found, run_attack
    from gfplab.adversary.goals import Goal

    file = out or Path(f"{Path(policy).stem}_{goal}.toml")
    _refuse(file)
    tables, source, name = scenario_tables(start or HARMLESS.get(goal, "harmless_swap"))
    attack = Attack(
        tables, source, Goal(goal, bound_of(bound), who), tuple(range(1, seeds + 1)), trials, seed, unlike is not None,
        fresh,
    )  # fmt: skip
    victim = _victim(policy, unlike, tables, source, cache)
    command = _command(policy, name, attack, bound, unlike)
    found = Found()
    try:
        with progress("attacking", quiet=as_json) as report:
            said = report or (lambda *_: None)
            run_attack(attack, victim, workers, found, said, executor, smaller=trials > 0)
    except KeyboardInterrupt:
        if found.tables is None or found.trial is None:
            raise KeyboardInterrupt(f"stopped after {len(found.trials)} trials; nothing found yet") from None
        _write(file, policy, attack, found, command, unlike)
        raise KeyboardInterrupt(f"stopped while making it smaller; {file} is the smallest so far") from None
    if found.tables is not None and trials > 0:
        _write(file, policy, attack, found, command, unlike)
    return _present(policy, attack, found, file, as_json)


def _refuse(file: Path) -> None:
    from gfplab.errors import GfplabError

    if file.suffix != ".toml":
        raise GfplabError(f"--out {file}: a scenario is a .toml file; name it so")
    if file.exists():
        raise GfplabError(f"{file}: already exists; name another file with --out")
    if not file.parent.is_dir():
        raise GfplabError(f"--out {file}: there is no folder {file.parent}; make it, or name another file")


def bound_of(text: str) -> int:
    """--bound in nanoseconds."""
    from gfplab.errors import GfplabError
    from gfplab.units import parse_time

    try:
        bound = parse_time(text)
    except ValueError as error:
        raise GfplabError(f"--bound: {error}") from None
    if bound == 0:
        raise GfplabError("--bound 0s: every sleep is longer than that; write for example --bound 1s")
    return bound


def scenario_tables(given: str):
    """The tables of a scenario, where they come from, and what it is called."""
    from gfplab.world.imported import merge_import
    from gfplab.world.scenario import build_world
    from gfplab.world.shipped import scenario_path
    from gfplab.world.toml import read_toml

    path = scenario_path(given)
    tables = merge_import(read_toml(path), path)
    tables.get("machine", {}).pop("import", None)
    build_world(tables, path)  # its mistakes are told in its own name
    return tables, str(path), given


def _victim(policy: str, unlike: str | None, tables, source: str, cache: bool):
    """The policy under attack, with the other one if there is one."""
    from gfplab.adversary.probe import Duel, Victim
    from gfplab.policy.discover import discover, is_file

    def of(name: str):
        files = [name] if is_file(name) else []
        return kept(Victim([] if name == "stock" else [name], discover(files=files), source), tables, cache)

    return of(policy) if unlike is None else Duel(of(policy), of(unlike))


def kept(victim, tables, cache: bool):
    """The victim, which is asked for nothing twice if `cache`; what is wrong with it or with the tables is told."""
    from gfplab.adversary.kept import KeptRuns
    from gfplab.study.cache import results_folder

    if cache:
        return KeptRuns(victim, tables, results_folder())
    victim.check(tables)
    return victim


def _command(policy: str, start: str, attack, bound: str, unlike: str | None) -> str:
    """The command that finds the same again."""
    goal = attack.goal
    parts = [f"gfplab attack {policy} --from {start} --goal {goal.name}"]
    parts += [f"--bound {bound} --who {goal.who}"] if goal.name == "stall" else []
    parts += [f"--unlike {unlike}"] if unlike else []
    return " ".join([*parts, f"--seeds {len(attack.seeds)} --fresh {attack.fresh} --seed {attack.seed}"])


def _write(file: Path, policy: str, attack, found, command: str, unlike: str | None) -> None:
    from gfplab.adversary.header import comment, scenario_title
    from gfplab.adversary.written import scenario_text

    tables = {**found.tables, "title": scenario_title(policy, attack)}
    write_new(file, scenario_text(tables, comment(policy, attack, found, command, [str(file)], unlike or "")))


def _present(policy: str, attack, found, file: Path, as_json: bool) -> int:
    said = [attack.goal.said(seen) for seen in found.verdicts]
    if as_json:
        print_json(
            {
                "policy": policy,
                "goal": attack.goal.name,
                "found": found.tables is not None,
                "trial": found.trial,
                "file": str(file) if file.exists() else None,
                "departures": found.departures,
                "trials": [{"number": number, "figure": figure} for number, figure in found.trials],
                "simulations": found.runs,
                "verdicts": said,
                "fresh": found.fresh,
            }
        )
        return 0 if found.tables is not None else 1
    if found.tables is None:
        near = f"; nearest: {attack.goal.said(found.best)}" if found.best else ""
        click.echo(f"{attack.trials} trials ({found.runs} simulations): none {_in_which(policy, attack)}{near}")
        return 1
    where = "the scenario itself" if found.trial == 0 else f"trial {found.trial} of at most {attack.trials}"
    click.echo(f"{where} {_in_which(policy, attack)}")
    for seed, line in zip(attack.seeds, said, strict=True):
        click.echo(f"  seed {seed}: {line}")
    if file.exists():
        tables = found.tables
        tasks = "1 task" if len(tables["task"]) == 1 else f"{len(tables['task'])} tasks"
        click.echo(f"{file}: {tasks}, {tables['length']} long, made smaller in {found.runs} simulations")
        if found.fresh:
            click.echo(f"{found.fresh} seeds that had no part in the search show it too")
        elif attack.fresh:
            click.echo("not every seed shows it: among some that had no part in the search there was one that does not")
    return 0


def _in_which(policy: str, attack) -> str:
    return f"is one in which {policy} {attack.goal.sentence}"
