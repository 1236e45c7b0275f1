"""Where a result comes from: what one needs to run it again and to know whether it is still the same thing."""

import sys
from importlib.metadata import version
from pathlib import Path

import gfplab
from gfplab.tables.schema import SCHEMA_VERSION


def provenance_of(run) -> dict:
    """What every exported file carries about the run that it came from."""
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": scenario_name(run.world),
        "scenario_sha256": run.world.sha256(),
        "seed": run.seed,
        "policies": dict(sorted(run.policies.names().items())),
        "policy_sources": dict(sorted(run.policies.sources().items())),
        "tunables": dict(sorted(run.policies.tunables().items())),
        "build_hash": str(run.build_hash),
        "log_hash": str(run.log_hash),
        "versions": versions(),
    }


def scenario_name(world) -> str:
    """A scenario is called as its file is."""
    return Path(world.source).stem


def versions() -> dict[str, str]:
    """Versions of everything that can change a number."""
    return {
        "gfplab": gfplab.__version__,
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        **{name: version(name) for name in ("numpy", "numba", "polars")},
    }
