"""How far a running study is, for whoever looks on: its own terminal, or `gfplab study watch` in another one.

What is found stands in the journal; beside it the coordinator keeps a small file with what the journal cannot know:
runs made and runs found in the cache, since when, and a heartbeat.  Nothing ever depends on that file.
"""

import contextlib
import json
import os
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from gfplab.study.files import write_whole
from gfplab.study.outcome import Outcome, read_study

LIVE = "live.json"
BEAT_S = 0.5
SILENCE_S = 10.0  # a coordinator that has not been heard of for so long is taken for dead


@dataclass
class Live:
    """The coordinator's side: counts, and writes them down twice a second."""

    folder: Path
    workers: int
    had: int  # trials that were recorded before this coordinator began
    began: float = field(default_factory=time.time)
    phase: str = "search"  # "search" | "select" | "confirm"
    ran: int = 0
    cached: int = 0
    waiting: int = 0  # runs that have been given out and not come back
    ended: str = ""  # how it ended
    _known: set[object] = field(default_factory=set)
    _written: float = 0.0

    def give(self, keys: Collection[object], known: Collection[object]) -> None:
        """Runs are given out, of which some are known to be in the cache."""
        self.waiting += len(keys)
        self._known.update(known)
        self.beat()

    def took(self, key: object) -> None:
        """A run has come back."""
        self.waiting -= 1
        if key in self._known:
            self.cached += 1
        else:
            self.ran += 1

    def beat(self, now: bool = False) -> None:
        """Write the file, if it is time to; a disk that is full is no reason to stop."""
        if now or time.monotonic() - self._written > BEAT_S:
            self._written = time.monotonic()
            said = {key: value for key, value in vars(self).items() if key[0] != "_" and key != "folder"}
            with contextlib.suppress(OSError):
                write_whole(self.folder / LIVE, json.dumps(said | {"beat": time.time(), "pid": os.getpid()}).encode())

    def end(self, status: str) -> None:
        self.ended, self.waiting = status, 0
        self.beat(now=True)


@dataclass(frozen=True)
class View:
    """A study as one sees it at a moment."""

    found: Outcome
    running: bool
    phase: str
    ran: int
    cached: int
    waiting: int
    workers: int
    elapsed_s: float
    rate: float | None  # simulations a second, those of the cache not counted
    left_s: float | None  # to the last trial of the search, or to the last run that was given out

    @property
    def line(self) -> str:
        """In one line, for where there is no terminal."""
        state = {"search": "searching", "select": "selecting", "confirm": "confirming"}.get(self.phase, self.phase)
        words = [
            f"{self.found.done} of {self.found.wanted} trials, {state if self.running else self.found.status}",
            f"{len(self.found.front)} on the front",
            f"{self.ran} simulations" + (f", {self.rate:.3g} a second" if self.rate else ""),
            f"{self.cached} from the cache",
        ]
        if self.running and self.left_s is not None:
            words.append(f"about {self.left_s:.0f} s left")
        return "; ".join(words)

    def as_json(self) -> dict:
        """Everything but the tables."""
        said = {key: value for key, value in vars(self).items() if key != "found"}
        found = self.found
        rows = found.report_rows().to_dicts() if found.trials.height else []
        return (
            {"title": found.title, "done": found.done, "wanted": found.wanted, "front": found.front}
            | said
            | {"rows": rows}
        )


def view_of(folder: Path | str, now: float | None = None) -> View:
    """The study in `folder`, running or not; StudyError if there is none."""
    folder, now = Path(folder), time.time() if now is None else now
    found = read_study(folder)
    said: dict = {}
    with contextlib.suppress(OSError, ValueError):
        said = dict(json.loads((folder / LIVE).read_bytes()))
    beat = float(said.get("beat", 0.0))
    running = bool(said) and not said["ended"] and now - beat < SILENCE_S
    elapsed = max((now if running else beat) - float(said.get("began", beat)), 0.0)
    ran, waiting, phase = int(said.get("ran", 0)), int(said.get("waiting", 0)), str(said.get("phase", "search"))
    rate = ran / elapsed if ran and elapsed else None
    left = None
    if running and phase == "search":
        made = found.done - int(said["had"])
        left = (found.wanted - found.done) * elapsed / made if made > 0 else None
    elif running:
        left = waiting / rate if rate else None
    cached = int(said.get("cached", 0))
    return View(found, running, phase, ran, cached, waiting, int(said.get("workers", 0)), elapsed, rate, left)
