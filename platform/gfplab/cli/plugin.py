"""`gfplab plugin`: start a policy of one's own, check it, and see what it costs."""

import dataclasses
from keyword import iskeyword
from pathlib import Path

import click

from gfplab.cli.output import JSON, print_json, write_new
from gfplab.cli.plugin_package import package
from gfplab.cli.progress import progress
from gfplab.errors import PolicyError


@click.group("plugin")
def cli() -> None:
    """Start a policy of your own, check it, see what it costs, and package it."""


cli.add_command(package)


@cli.command("new")
@click.argument("name")
@click.option(
    "--family",
    type=click.Choice(["mempool", "allocator", "reclaim", "throttle", "device", "workqueue"]),
    help="What it is about: a policy that runs, with something to search.",
)
@click.option(
    "--decision", "decisions", multiple=True, help="Decision point to answer as the stock kernel does; may be repeated."
)
@click.option("--kernel", default="v4.7", show_default=True, help="Era of the scenario, and of the stock kernel.")
def new(name: str, family: str | None, decisions: tuple[str, ...], kernel: str) -> int:
    """Write a policy to be changed: plugins/NAME.py, its test tests/test_NAME.py and scenarios/NAME.toml.

    With --family it is a small policy of that family, with --decision a copy of what the stock kernel answers.
    No file is overwritten.
    """
    from gfplab.policy.discover import discover
    from gfplab.policy.starter import STARTERS, scenario_text, tests_of
    from gfplab.policy.template import new_plugin

    if bool(family) == bool(decisions):
        raise click.UsageError("write --family FAMILY, or --decision NAME as often as you like")
    plugins = discover()
    if not name.isidentifier() or iskeyword(name) or name in plugins:
        raise PolicyError(f"{name}: is taken or is no name for a plugin; write another one, such as my_policy")
    answered = [STARTERS[family].decision] if family else list(decisions)
    texts = {
        Path("plugins") / f"{name}.py": STARTERS[family].policy if family else new_plugin(answered, kernel, plugins),
        Path("tests") / f"test_{name}.py": tests_of(name, family or ""),
        Path("scenarios") / f"{name}.toml": scenario_text(name, answered, kernel),
    }
    for path in texts:
        if path.exists():
            raise PolicyError(f"{path}: already exists; take another name for the policy")
    for path, text in texts.items():
        path.parent.mkdir(exist_ok=True)
        write_new(path, text)
        click.echo(path)
    click.echo(f"try it with: gfplab run scenarios/{name}.toml, then: gfplab plugin check {name}")
    return 0


@cli.command("check")
@click.argument("plugin", metavar="NAME|FILE")
@click.option("--quick", is_flag=True, help="Ask its decisions only; run nothing.")
@click.option("--worlds", type=click.IntRange(1, 100_000), help="Random worlds to run.  [default: 200]")
@JSON
def check(plugin: str, quick: bool, worlds: int | None, as_json: bool) -> int:
    """Check a policy: its answers, compiled and in Python; the kernel's laws in random worlds; the shipped scenarios.

    The exit code is 0 if it may be used, 1 if it breaks a law, runs otherwise a second time or gets a machine stuck
    that the stock kernel does not, 2 if the file is wrong or its answers mean nothing.
    """
    from gfplab.conformance import kit, scenarios
    from gfplab.report.conformance import as_document, as_text
    from gfplab.world.shipped import scenario_path

    plugins = _catalogue(plugin)
    found = plugins.get_plugin(_name(plugin))
    paths = {name: scenario_path(name) for name in scenarios.SHORT} if not quick else {}
    with progress("checking", quiet=as_json) as report:
        checked = kit.check_policy(found, plugins, paths, worlds or kit.WORLDS, quick=quick, progress=report)
    for number in checked.worlds_at_fault:
        kit.write_world(number, found, Path("results") / f"{found.name}_check")
    if as_json:
        print_json(as_document(checked))
    else:
        click.echo(as_text(checked, found))
    return 1 if checked.faults else 0


@cli.command("bench")
@click.argument("plugin", metavar="NAME|FILE")
@JSON
def bench(plugin: str, as_json: bool) -> int:
    """Measure what a policy costs: nanoseconds a call of each of its decisions, beside a decision that is empty."""
    from gfplab.policy.bench import TARGET_NS, bench_plugin

    costs = bench_plugin(_find(plugin))
    if as_json:
        print_json([{**dataclasses.asdict(cost), "ratio": cost.ratio} for cost in costs])
        return 0
    for cost in costs:
        dear = f"; {TARGET_NS} ns are a lot already: keep what a loop computes in state" if cost.ns > TARGET_NS else ""
        empty = f"{cost.ratio:.1f} times an empty decision's {cost.empty_ns:.1f} ns"
        click.echo(f"{cost.decision}: {cost.ns:.1f} ns a call, {empty}{dear}")
    return 0


def _find(given: str):
    return _catalogue(given).get_plugin(_name(given))


def _catalogue(given: str):
    from gfplab.policy.discover import discover, is_file

    return discover(files=[given] if is_file(given) else [])


def _name(given: str) -> str:
    from gfplab.policy.discover import is_file

    return Path(given).stem if is_file(given) else given
