"""The command line: finds the verb, and turns whatever ends it into a sentence and an exit code.

Exit codes: 0 done, 1 the run's own verdict is bad, 2 the input was wrong, 130 interrupted. A verb is imported when it
is called, so that `gfplab --help` costs no more than click does.
"""

import importlib
import os
import sys

import click

from gfplab import __version__
from gfplab.errors import GfplabError

INTERRUPTED = 130

# verb: the line that --help prints; the command `cli` of gfplab.cli.<verb> is what runs (- in a verb is _ there)
VERBS = {
    "run": "Run one scenario and say what happened.",
    "study": "Search policies and tunables over many runs.",
    "compare": "Compare policies under the same seeds.",
    "attack": "Search a scenario that brings a policy down.",
    "reserve": "Find how large the reserve of a mempool has to be.",
    "watch": "Run one scenario again whenever its policy is saved.",
    "diff-runs": "Find the first decision at which two runs part.",
    "schema": "Print the JSON Schema of study or scenario files, for editors.",
    "show": "Print the results in a folder again.",
    "export": "Write the results of a folder in another format.",
    "policies": "List the policy plugins.",
    "explain": "Explain a decision point or a policy plugin.",
    "plugin": "Start a policy of your own, check it, measure it.",
    "scenarios": "List the scenarios.",
    "machine": "Describe a real machine as a scenario's machine.",
    "validate": "Compare simulations with what a real kernel was measured at.",
    "expectations": "Measure what experts expected of the policies.",
    "cache": "Show and prune the runs that studies need not make again.",
    "warmup": "Compile the simulated kernel, so that the next run starts at once.",
    "completion": "Print the completion script of a shell.",
}


class ReaderGone(Exception):
    """Whoever read our output has gone, as in `gfplab policies | head`."""


class Verbs(click.Group):
    """A group whose commands are loaded when they are wanted."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click would leave with 1, as if the run had gone wrong
            raise ReaderGone from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        return importlib.import_module(f"gfplab.cli.{name.replace('-', '_')}").cli

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # click would import every verb to ask for its short help
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gfplab")
def cli() -> None:
    """A laboratory for the policies that decide whether a Linux machine makes forward progress when memory runs out."""


def run_command_line(arguments: list[str]) -> int:
    """Run one command line and return its exit code; nothing but a fault of gfplab itself gives a traceback."""
    try:
        code = cli.main(args=arguments, prog_name="gfplab", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except GfplabError as error:
        click.echo(f"gfplab: {error}", err=True)
        for place in getattr(error, "__notes__", ()):  # where the simulated kernel was
            click.echo(f"    {place}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as interrupt:
        said = str(interrupt) or str(interrupt.__context__ or "") or "interrupted"
        click.echo(f"gfplab: {said}", err=True)
        return INTERRUPTED
    except (ReaderGone, BrokenPipeError):
        # the flush at exit would complain again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
