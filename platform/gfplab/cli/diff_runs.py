"""`gfplab diff-runs`: where two runs part, in what state of the machine, and what followed."""

from pathlib import Path

import click

from gfplab.cli import options
from gfplab.cli.output import JSON, print_json
from gfplab.errors import GfplabError


@click.command("diff-runs")
@click.argument("runs", nargs=-1, required=True, metavar="A B | SCENARIO")
@options.policies("Policy of run A; may be repeated.", "NAME|FILE.py")
@click.option(
    "--against",
    multiple=True,
    metavar="NAME|FILE.py",
    help="Policy of run B; may be repeated.  [default: the scenario's own]",
)
@options.settings()
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of both runs.")
@click.option(
    "--follow", type=click.IntRange(min=1), default=8, show_default=True, help="Decisions and events of what followed."
)
@JSON
def cli(runs, policies, against, settings, seed, follow, as_json) -> int:
    """Show the first decision at which two runs part: both answers, what each policy saw, the machine there.

    A and B are folders of `gfplab run --trace-decisions`. Or name one SCENARIO and the policies of both runs, which are
    made on the spot and leave nothing behind: gfplab diff-runs s1_quarter -p mine.py --against pool_first
    """
    if len(runs) == 1:
        sides = (_side(runs[0], policies, settings, seed), _side(runs[0], against, settings, seed))
    elif len(runs) == 2:
        refuse(policies or against or settings, "-p, --against and --set are for one SCENARIO; leave them out")
        sides = _read(Path(runs[0])), _read(Path(runs[1]))
        _comparable(*sides)
    else:
        raise GfplabError(f"{len(runs)} runs are named; write two folders of results, or one scenario")
    from gfplab.cli.quick import start_numba

    start_numba()
    from gfplab.debug.page import parting_document, parting_lines
    from gfplab.debug.parting import parting, run_traced

    wanted = ()
    if len(runs) == 1:
        sides = tuple(run_traced(side) for side in sides)
    else:
        wanted = tuple(sides[0].tables.provenance["decisions"]["traced"])
    found = parting(*sides, wanted)
    if as_json:
        print_json(parting_document(found, follow))
        return 0
    click.echo("\n".join(parting_lines(found, follow)))
    return 0


def refuse(wrong, sentence: str) -> None:
    """An input error, if there is one."""
    if wrong:
        raise GfplabError(sentence)


def _side(scenario: str, policies, settings, seed: int):
    """A run that is still to be made."""
    from gfplab.cli.run import prepared
    from gfplab.debug.parting import Side

    world, chosen = prepared(scenario, policies, settings)
    return Side(_label(world, chosen, seed), world, chosen, seed)


def _label(world, chosen, seed: int) -> str:
    from gfplab.truth.envelope import policy_label

    return f"{Path(world.source).stem}, seed {seed}: {policy_label(chosen)}"


def _read(folder: Path):
    """A run that was made: its tables, and all that is needed to make it again, if nothing has changed since."""
    from gfplab.debug.parting import Side
    from gfplab.tables.export import read_folder

    tables = read_folder(folder)
    if "decisions" not in tables.frames:
        raise GfplabError(f"{folder}: holds no decisions; run it again with --trace-decisions")
    run, came_from = tables["runs"].row(0, named=True), tables.provenance
    policies = ", ".join(p.replace("=", " = ") for p in run["policies"] if "=linux_" not in p)
    label = f"{folder}: {run['scenario']}, seed {run['seed']}: {policies or came_from['policies']['mempool_step']}"
    side = Side(label, seed=run["seed"], tables=tables)
    side.why_not = _prepare(side, came_from, str(folder))
    return side


def _prepare(side, came_from: dict, folder: str) -> str:
    """Give a side its world and policies again; why it cannot be run again, in words."""
    from gfplab.cli.run import prepared
    from gfplab.run import build_hash

    command = came_from.get("command")
    if not command:
        return f"{folder} does not say how it was made"
    try:
        world, policies = prepared(command["scenario"], command["policies"], command["settings"])
    except GfplabError as error:
        return f"{folder} cannot be run again ({error.lines[0]})"
    if world.sha256() != came_from["scenario_sha256"]:
        return f"the scenario has changed since {folder} was made"
    if policies.sources() != came_from["policy_sources"]:
        return f"a policy has changed since {folder} was made"
    if build_hash() != came_from["build_hash"]:
        return f"gfplab has changed since {folder} was made"
    side.world, side.policies = world, policies
    return ""


def _comparable(a, b) -> None:
    """Only runs of one scenario, seed and choice of decisions say anything about policies where they part."""
    ours, theirs = a.tables.provenance, b.tables.provenance
    for name, what, write in (
        ("scenario_sha256", "scenario", "run one scenario with the same --set of its keys"),
        ("seed", "seed", "run both with the same --seed"),
    ):
        if ours[name] != theirs[name]:
            raise GfplabError(f"the runs differ in their {what} already, not by their policies alone; {write}")
    refuse(
        ours["decisions"]["traced"] != theirs["decisions"]["traced"],
        "the runs trace different decisions; run both with the same --trace-decisions",
    )
