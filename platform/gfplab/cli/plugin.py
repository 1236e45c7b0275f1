"""`gfplab plugin`: start a policy of one's own, check it, and see what it costs."""

import dataclasses
from pathlib import Path

import click

from gfplab.cli.output import JSON, print_json, write_new
from gfplab.cli.plugin_package import package

FOLDER = Path("plugins")


@click.group("plugin")
def cli() -> None:
    """Start a policy of your own, check it, see what it costs, and package it."""


cli.add_command(package)


@cli.command("new")
@click.argument("name")
@click.option(
    "--decision", "decisions", multiple=True, required=True, help="Decision point that it answers; may be repeated."
)
@click.option("--kernel", default="v4.7", show_default=True, help="Era of the stock kernel to start from.")
def new(name: str, decisions: tuple[str, ...], kernel: str) -> int:
    """Write plugins/NAME.py, which answers as the stock kernel does: a policy to be changed."""
    from gfplab.errors import PolicyError
    from gfplab.policy.discover import discover
    from gfplab.policy.template import new_plugin

    plugins = discover()
    if not name.isidentifier() or name in plugins:
        raise PolicyError(f"{name}: is taken or is no name for a plugin; write another one, such as my_policy")
    text = new_plugin(list(decisions), kernel, plugins)
    FOLDER.mkdir(exist_ok=True)
    write_new(FOLDER / f"{name}.py", text)
    click.echo(f"{FOLDER / name}.py written; try it with: gfplab run SCENARIO -p {name}")
    return 0


@cli.command("check")
@click.argument("plugin", metavar="NAME|FILE")
@click.option("--quick", is_flag=True, help="Ask the decisions only, run no scenario.")
def check(plugin: str, quick: bool) -> int:
    """Check a policy: it reads and writes what it may, and answers the same compiled as in Python."""
    from gfplab.kernel.types import kernel_schema
    from gfplab.policy.check import check_plugin

    for found in check_plugin(_find(plugin), kernel_schema()):
        click.echo(
            f"{found.decision}: compiled in {found.compile_ms:.0f} ms; compiled and Python agree in {found.contexts}"
            f" contexts with {found.answers} different answers"
        )
    return 0


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
    from gfplab.policy.discover import discover, is_file

    if is_file(given):
        return discover(files=[given]).get_plugin(Path(given).stem)
    return discover().get_plugin(given)
