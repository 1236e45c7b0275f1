"""What `gfplab run` does to look into a run: the debugger of --break, the recorder of --trace-decisions."""

import click

from gfplab.errors import GfplabError


class Looking:
    """Attaches both to a run; as a context manager it turns `quit` in the debugger into an interruption."""

    def __init__(self, world, policies, breaks: tuple[str, ...], traced: str | None, pure: bool, as_json: bool):
        self.debugger = self.recorder = None
        self.warnings: list[str] = []
        if breaks:
            from gfplab.debug.breakpoints import read_breakpoint

            points = [read_breakpoint(text) for text in breaks]
            if not pure:
                raise GfplabError(
                    f"--break {breaks[0]}: a compiled policy has no statements to stop at; "
                    f"write --pure --break {breaks[0]}"
                )
            if as_json:
                raise GfplabError(
                    f"--break {breaks[0]}: a person is asked what to do, so there is no --json; leave it out"
                )
            from gfplab.debug.debugger import PolicyDebugger

            self.debugger = PolicyDebugger(world, policies, points)
        if traced is not None:
            from gfplab.debug.names import decisions_named
            from gfplab.debug.recorder import Recorder

            self.recorder = Recorder(policies, decisions_named(traced, f"--trace-decisions {traced}"))

    @property
    def options(self) -> dict:
        """What simulate() is given beside the rest."""
        return {"attach": self._attach} if self.debugger or self.recorder else {}

    def _attach(self, build, machine, decisions):
        for each in (self.debugger, self.recorder):
            decisions = each.attach(build, machine, decisions) if each else decisions
        return decisions

    def __enter__(self) -> "Looking":
        return self

    def __exit__(self, kind, error, _traceback) -> None:
        if not self.debugger:
            return
        import bdb
        import sys

        from gfplab.units import about_time

        sys.settrace(None)
        if isinstance(error, bdb.BdbQuit):
            where = about_time(self.debugger.stopped_ns)
            raise KeyboardInterrupt(
                f"left in the debugger at {where} of simulated time; no tables are written"
            ) from None

    def add_to(self, tables, command: dict):
        """The tables with the decisions and the command, if they were asked for; says what they do not hold."""
        if not self.recorder:
            return tables
        from gfplab.debug.table import limits, with_decisions

        self.recorder.raise_error()
        said = limits(self.recorder)
        for sentence in said:
            click.echo(f"gfplab: warning: {sentence}", err=True)
        self.warnings += said
        tables = with_decisions(tables, self.recorder)
        tables.provenance["command"] = command
        return tables
