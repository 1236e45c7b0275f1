"""What `gfplab watch` needs to know: which files a run is made of, whether one has changed, what a change did."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from gfplab.policy.c_policy import declared_in_c
from gfplab.report.tables import number
from gfplab.tables.metrics import METRICS

KEY = ("worst_io_stall_ms", "worst_stall_ms", "swapout_kib_s", "psi_full_pct", "work_done")  # shown in any case


class Files:
    """Files and what was in them; one that is not there now is expected back, for editors replace files."""

    def __init__(self, paths: Iterable[str | Path]):
        self._seen: dict[Path, tuple] = {}
        self.add(paths)

    def add(self, paths: Iterable[str | Path]) -> None:
        """Watch these too, as they are now."""
        for path in map(Path, paths):
            if path not in self._seen:
                self._seen[path] = self._look(path)

    @property
    def names(self) -> list[str]:
        return [path.name for path in self._seen]

    def changed(self) -> list[str]:
        """The files whose content is another than at the last call; a file that was only touched is not one."""
        found = []
        for path, (stamp, content) in self._seen.items():
            now = _stamp(path)
            if now is None or now == stamp:
                continue
            self._seen[path] = self._look(path)
            if self._seen[path][1] != content:
                found.append(path.name)
        return found

    @staticmethod
    def _look(path: Path) -> tuple:
        # the stamp comes first: what is written between the two is seen next time
        stamp = _stamp(path)
        try:
            return stamp, hashlib.sha256(path.read_bytes()).digest()
        except OSError:
            return None, b""


def _stamp(path: Path) -> tuple | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def files_of(world, policies) -> list[str]:
    """The scenario, and every plugin file and library in use that did not come with gfplab."""
    found = [str(world.source)]
    for plugin in policies.plugins():
        if plugin.origin == "shipped" or plugin.origin.startswith("entry point"):
            continue
        found.append(plugin.path)
        declared = (declared_in_c(function) for function in plugin.functions.values())
        found += [each.library for each in declared if each is not None and each.library not in found]
    return found


def comparison(runs: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The metrics of some runs side by side, the newest last, and how it compares with the one before it.

    Shown are the key metrics and all that are not the same in each.
    """
    names = list(runs)
    before, newest = runs[names[-2]] if len(names) > 1 else runs[names[-1]], runs[names[-1]]
    shown = [name for name in METRICS if name in KEY or len({run[name] for run in runs.values()}) > 1]
    width = max(len(name) for name in shown)
    against = f"  against {names[-2]}" if len(names) > 1 else ""
    lines = [" " * width + "".join(f"  {name:>12}" for name in names) + " " * 7 + against]
    for name in shown:
        cells = "".join(f"  {number(runs[run][name]):>12}" for run in names)
        lines.append(
            f"{name:<{width}}{cells} {METRICS[name].unit:<6}  {change(name, before[name], newest[name])}".rstrip()
        )
    return lines


def change(name: str, before: float, now: float) -> str:
    """`-12 %, better`; nothing for less than a thousandth."""
    if abs(now - before) <= abs(before) / 1000:
        return ""
    share = f"{(now - before) * 100 / abs(before):+.3g} %" if before else f"from {number(before)}"
    better = METRICS[name].better
    return f"{share}, {'better' if (now < before) == (better == 'min') else 'worse'}" if better else share
