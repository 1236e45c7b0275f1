"""Where a result comes from: what one needs to run it again and to know whether it is still the same thing."""

import hashlib
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

import gfplab
from gfplab.tables.schema import SCHEMA_VERSION

# everything between a scenario's text and a metric's value
ROOMS = ("boot", "engine", "kernel", "policy", "tables", "world", "run.py", "units.py")


def provenance_of(run) -> dict:
    """What every exported file carries about the run that it came from."""
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": scenario_name(run.world),
        "scenario_sha256": run.world.sha256(),
        "seed": run.seed,
        "policies": dict(sorted(run.policies.names().items())),
        "policy_sources": dict(sorted(run.policies.sources().items())),
        "policy_versions": dict(sorted(run.policies.versions().items())),
        "policy_libraries": dict(sorted(run.policies.libraries().items())),
        "tunables": dict(sorted(run.policies.tunables().items())),
        "build_hash": str(run.build_hash),
        "log_hash": str(run.log_hash),
        "sources_hash": sources_hash(),
        "versions": versions(),
    }


def scenario_name(world) -> str:
    """A scenario is called as its file is."""
    return Path(world.source).stem


@cache
def sources_hash() -> str:
    """A hash of all of gfplab's own sources that a number in a table depends on; plugins have their own.

    Taken once a process: what runs is what was read when it began.
    """
    digest = hashlib.sha256()
    for room in ROOMS:
        place = Path(gfplab.__file__).parent / room
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(f"{path.relative_to(place.parent)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def versions() -> dict[str, str]:
    """Versions of everything that can change a number."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    return {
        "gfplab": gfplab.__version__,
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        **{name: version(name) for name in ("numpy", "numba", "polars")},
    }
