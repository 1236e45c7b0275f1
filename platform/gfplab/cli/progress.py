"""A progress bar on standard error for what takes longer than a second, and nothing at all for what does not.

Silent when standard error is no terminal or the caller wants JSON.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

PATIENCE_S = 1.0

Report = Callable[..., None]


@contextlib.contextmanager
def progress(title: str, quiet: bool) -> Iterator[Report | None]:
    """Gives a function(done, total, name="") to call as the work goes on, or None if nobody would see it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    bar = _Bar(title)
    try:
        yield bar.report
    finally:
        bar.stop()


class _Bar:
    def __init__(self, title: str):
        self._title, self._begin, self._bar, self._task = title, time.monotonic(), None, None

    def report(self, done: float, total: float | None = None, name: str = "") -> None:
        if self._bar is None:
            if time.monotonic() - self._begin < PATIENCE_S:
                return
            self._start()
        self._bar.update(self._task, completed=done, total=total, description=f"{self._title} {name}".strip())

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=Console(file=sys.stderr), transient=True)
        self._task = self._bar.add_task(self._title, total=None)
        self._bar.start()

    def stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()
