"""`gfplab run`: one scenario, one seed, one page about what happened."""

import gc
from collections.abc import Sequence
from pathlib import Path

import click

from gfplab.cli import options
from gfplab.cli.looking import Looking
from gfplab.cli.output import JSON, default_folder, print_json
from gfplab.cli.progress import progress
from gfplab.cli.quick import CollectorOff, start_numba


@click.command("run")
@click.argument("scenario", type=click.Path())
@options.policies("Plugin that takes over the decisions it implements; may be repeated.")
@options.settings()
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of every random stream.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for the tables.  [default: results/<scenario>/<time>]"
)
@JSON
@click.option("--stacks", is_flag=True, help="Print the blocked tasks as SysRq-W does.")
@click.option("--check", is_flag=True, help="Check the kernel's invariants all the time (about 3x slower).")
@click.option("--pure", is_flag=True, help="Run uncompiled, in plain Python (about 50x slower).")
@click.option(
    "--break",
    "breaks",
    multiple=True,
    metavar="DECISION[@POOL|@TASK][:N][>=TIME]",
    help="With --pure: stop in pdb where the policy answers DECISION; may be repeated.",
)
@click.option(
    "--trace-decisions",
    "traced",
    is_flag=False,
    flag_value="all",
    metavar="[DECISION,...]",
    help="Write each decision, what the policy saw and what it answered, to the table `decisions`.",
)
@CollectorOff()
def cli(scenario, policies, settings, seed, out, as_json, stacks, check, pure, breaks, traced) -> int:
    """Run SCENARIO, a .toml file or the name of a shipped scenario, and print what happened.

    The tables of the run go to a folder of Parquet files; `gfplab show` prints them again. The exit code is 0 if the
    run came to its end, 1 if it ended in an OOM kill, in a deadlock or in a failed check.

    --break mempool_step stops each time that mempool_step is asked (mempool_alloc:step is the same), mempool_step:100
    from the hundredth time on, mempool_step>=1.5s from that simulated time on, mempool_step@swap0.tio only for that
    mempool, too_many_isolated@kswapd0 only for that task.
    """
    from gfplab.tables.folder import refuse_existing

    world, chosen = prepared(scenario, policies, settings)
    folder = out or default_folder(Path(world.source).stem)
    refuse_existing(folder)
    from gfplab.truth.envelope import policy_label

    warnings = warn(world, Path(world.source).stem, [policy_label(chosen)])

    looking = Looking(world, chosen, breaks, traced, pure, as_json)

    if pure:
        gc.enable()
    else:
        start_numba()
    from gfplab.run import simulate

    mode = "generators" if pure else "compiled"
    with progress("simulating", quiet=as_json or bool(breaks)) as report, looking:
        run = simulate(world, chosen, seed, mode=mode, check=check, progress=report, **looking.options)

    from gfplab.tables.export import export
    from gfplab.tables.metrics import tabulate

    tables = looking.add_to(tabulate(run), {"scenario": scenario, "settings": settings, "policies": policies})
    warnings += looking.warnings
    export(tables, folder)
    return present(tables, folder, as_json, stacks, warnings)


def prepared(scenario: str, policies: Sequence[str], settings: Sequence[str]):
    """The World and the PolicySet that a command line means."""
    from gfplab.policy.discover import discover, is_file
    from gfplab.policy.select import select
    from gfplab.world.scenario import load_scenario
    from gfplab.world.shipped import scenario_path

    plugins = discover(files=[policy for policy in policies if is_file(policy)])
    overrides, tunables = split_settings(settings, plugins)
    world = load_scenario(scenario_path(scenario), overrides)
    chosen = select(world.kernel, world.policies, extra=policies, tunables=world.tunables | tunables, plugins=plugins)
    return world, chosen


def warn(world, name: str, policies: Sequence[str] = ()) -> list[str]:
    """Say on standard error what of a world was never compared with a real kernel; gives the same for JSON."""
    from gfplab.truth.envelope import envelope_warning

    said = envelope_warning(world, name, policies=policies)
    if said:
        click.echo(f"gfplab: warning: {said}", err=True)
    return [said] if said else []


def split_settings(settings: Sequence[str], plugins) -> tuple[dict, dict]:
    """The `--set` of a command line as keys of the scenario and as tunables (`plugin.tunable`)."""
    from gfplab.world.overrides import parse_settings

    parsed = parse_settings(settings)
    tunables = {key: value for key, value in parsed.items() if key.split(".")[0] in plugins}
    return {key: value for key, value in parsed.items() if key not in tunables}, tunables


def present(tables, folder: Path, as_json: bool, stacks: bool, warnings: Sequence[str] = ()) -> int:
    """Print the page on a run, or its JSON document, and return its exit code."""
    from gfplab.tables.verdict import verdict_of

    verdict = verdict_of(tables)
    if as_json:
        from gfplab.report.document import document

        print_json({**document(tables, folder, stacks), "warnings": list(warnings)})
        return verdict.exit_code
    from gfplab.report.tables import print_page, summary

    print_page(summary(tables))
    if stacks:
        from gfplab.report.stacks import blocked_report

        click.echo(blocked_report(tables))
    click.echo(f"tables in {folder}")
    return verdict.exit_code
