"""What the cache holds, what of it can still be of use, and making room.

Results lie in `runs/`, one small file each (cache.py); compiled kernels in one folder for each version of Python, numba
and the rest (engine/cache.py).  A result is stale when another build of gfplab made it, or when a plugin that it used
has other source now: no study that is run from here will ask for it.
"""

import json
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gfplab.engine import cache as engine_cache
from gfplab.policy.discover import Catalogue, discover
from gfplab.study.files import UNFINISHED
from gfplab.study.ground import OWN_CODE
from gfplab.tables.provenance import sources_hash

_COMPILED = re.compile(r"py\d+-numba.+")
_ABANDONED_S = 3600.0  # an unfinished file that is older belongs to nobody


@dataclass(frozen=True)
class Entry:
    """One result."""

    path: Path
    size: int  # bytes on disk
    used: float  # when it was last of use, seconds since 1970
    scenario: str  # "" if the file cannot be read or is of another format
    policies: str
    engine: str  # hash of gfplab's own code
    stale: bool


@dataclass(frozen=True)
class Compiled:
    """The compiled kernels of one version of everything."""

    path: Path
    size: int
    current: bool


@dataclass(frozen=True)
class Pruned:
    """What was removed, or would be."""

    results: int
    folders: int
    size: int


def entries(folder: Path, engine: str | None = None, plugins: Catalogue | None = None) -> list[Entry]:
    """Every result, the one of longest ago first; stale ones are told by this engine's hash and these plugins."""
    engine = sources_hash() if engine is None else engine
    plugins = discover() if plugins is None else plugins
    sources = {f"plugin {name}": plugin.source_hash for name, plugin in plugins.items()}
    found = []
    for path in folder.glob("??/*.json"):
        try:
            at = path.stat()
            of = _read(path)
        except FileNotFoundError:  # somebody else prunes
            continue
        made_of = of.get("made_of", {})
        stale = made_of.get(OWN_CODE) != engine or any(sources.get(n, made) != made for n, made in made_of.items())
        found.append(
            Entry(
                path=path,
                size=at.st_blocks * 512,
                used=at.st_mtime,
                scenario=of.get("scenario", ""),
                policies=_shown(of.get("policies", {})),
                engine=made_of.get(OWN_CODE, ""),
                stale=stale,
            )
        )
    return sorted(found, key=lambda entry: (entry.used, entry.path.name))


def groups(found: Iterable[Entry], now: float | None = None) -> list[dict]:
    """Rows by scenario, policies and engine: how many, bytes, days since they were last of use, stale or not."""
    now = time.time() if now is None else now
    rows: dict[tuple, list[Entry]] = {}
    for entry in found:
        rows.setdefault((entry.scenario, entry.policies, entry.engine, entry.stale), []).append(entry)
    return [
        {
            "scenario": scenario,
            "policies": policies,
            "engine": engine,
            "stale": stale,
            "results": len(group),
            "bytes": sum(entry.size for entry in group),
            "days": max(0.0, (now - max(entry.used for entry in group)) / 86400),
        }
        for (scenario, policies, engine, stale), group in sorted(rows.items())
    ]


def compiled(place: Path | None = None, current: Path | None = None) -> list[Compiled]:
    """The folders of compiled kernels, this version's and others'."""
    place, current = place or engine_cache.root(), current or engine_cache.folder()
    folders = sorted(path for path in place.iterdir() if path.is_dir() and _COMPILED.fullmatch(path.name))
    return [Compiled(path, _size(path.rglob("*")), path == current) for path in folders]


def prune(
    folder: Path,
    found: list[Entry],
    kernels: list[Compiled],
    *,
    older: float | None = None,
    stale: bool = False,
    most: int | None = None,
    dry: bool = False,
) -> Pruned:
    """Remove results unused for `older` seconds, stale ones with the kernels of other versions, and then those of
    longest ago until `most` bytes are left."""
    now = time.time()
    gone = [e for e in found if (stale and e.stale) or (older is not None and now - e.used > older)]
    if most is not None:
        going = {entry.path for entry in gone}
        left = [entry for entry in found if entry.path not in going]
        size = sum(entry.size for entry in left)
        for entry in left:
            if size <= most:
                break
            gone.append(entry)
            size -= entry.size
    folders = [kernel for kernel in kernels if stale and not kernel.current]
    unfinished = [p for p in folder.glob(f"??/.*{UNFINISHED}") if now - p.stat().st_mtime > _ABANDONED_S]
    pruned = Pruned(len(gone), len(folders), sum(e.size for e in gone) + sum(k.size for k in folders))
    if not dry:
        for path in (*(entry.path for entry in gone), *unfinished):
            path.unlink(missing_ok=True)
        for kernel in folders:
            shutil.rmtree(kernel.path, ignore_errors=True)
    return pruned


def _read(path: Path) -> Mapping:
    """What a result is of; nothing if the file cannot be understood."""
    try:
        of = json.loads(path.read_bytes())["of"]
        return of if isinstance(of, dict) and isinstance(of["made_of"], dict) else {}
    except (ValueError, KeyError, TypeError):
        return {}


def _shown(policies: Mapping[str, str]) -> str:
    """`neil_mask` or `gentle, patient`, each plugin once; the stock kernel is `stock`."""
    return ", ".join(sorted(set(policies.values()))) or "stock"


def _size(paths: Iterator[Path]) -> int:
    """Bytes on disk of the files."""
    return sum(_blocks(path.stat) for path in paths)


def _blocks(stat: Callable) -> int:
    try:
        return stat().st_blocks * 512
    except FileNotFoundError:
        return 0
