"""Options that several verbs take: each is declared once, so that it means the same and reads the same everywhere."""

import click


def policies(help: str, metavar: str = "NAME|FILE"):
    """-p, as `policies`."""
    return click.option("-p", "--policy", "policies", multiple=True, metavar=metavar, help=help)


def settings(whose: str = ""):
    """--set, as `settings`."""
    help = f"Set a key of the scenario or a tunable{whose}; may be repeated."
    return click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help=help)


def who(help: str):
    """--who, whose stalls count: a key of adversary.seen.WHO."""
    choice = click.Choice(("pool", "worker", "user", "any"))
    whose = "of tasks inside mempool_alloc(), of I/O workers, of user tasks, of any task."
    return click.option("--who", type=choice, default="pool", show_default=True, help=f"{help}: {whose}")


WORKERS = click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Simulations at the same time."
)
EXECUTOR = click.option(
    "--executor",
    default="threads",
    show_default=True,
    metavar="threads|processes|dask://HOST:PORT",
    help="Where they run.",
)
# for verbs whose jobs no cluster takes
LOCAL_EXECUTOR = click.option(
    "--executor",
    type=click.Choice(["threads", "processes"]),
    default="threads",
    show_default=True,
    help="Where they run.",
)
CACHE = click.option("--cache/--no-cache", default=True, show_default=True, help="Take runs that were made before.")
