"""Runs of attacks are kept where those of studies are: a search that is repeated or widened pays for what is new.

A run is filed under the tables of its scenario as a whole, for they are nobody's file.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gfplab.adversary import seen
from gfplab.adversary.probe import Probe, Victim
from gfplab.policy.select import stock_plugin
from gfplab.study.cache import CachedJobs
from gfplab.study.ground import OWN_CODE
from gfplab.study.jobs import Job
from gfplab.tables.provenance import sources_hash
from gfplab.world.scenario import load_scenario


@dataclass(frozen=True)
class ProbeJob(Job):
    """A probe as the cache knows jobs: its scenario is where the search began."""

    tables: Mapping[str, Any] | None = None

    @property
    def key(self) -> str:
        """Equal for equal simulations of equal policies."""
        said = [self.tables, dict(self.policies), dict(self.tunables), self.seed]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


class KeptRuns:
    """A victim whose runs are looked up in `folder` before they are made.  Picklable."""

    def __init__(self, victim: Victim, tables: Mapping[str, Any], folder: Path):
        world, chosen = victim.prepared(tables)
        stock = stock_plugin(world.kernel, victim.plugins)
        self._path = Path(victim.source)
        self._policies = {key: name for key, name in sorted(chosen.names().items()) if name != stock or "@" in key}
        self._tunables = dict(sorted(chosen.tunables().items()))
        made_of = {
            f"scenario {self._path.stem}": load_scenario(self._path).sha256(),
            OWN_CODE: sources_hash(),
            "what an attack looks at": hashlib.sha256(Path(seen.__file__).read_bytes()).hexdigest(),
            **{f"plugin {name}": sha256 for name, sha256 in chosen.sources().items()},
            **{f"library {name}": sha256 for name, sha256 in chosen.libraries().items()},
        }
        self._jobs = CachedJobs(_Run(victim), folder, made_of, (stock,))

    def __call__(self, probe: Probe) -> Mapping[str, Any]:
        return self._jobs(
            ProbeJob(
                self._path.stem, str(self._path), {}, self._policies, self._tunables, probe.seed, tables=probe.tables
            )
        )


class _Run:
    """Runs a ProbeJob; what is kept is what was Seen, as a mapping."""

    def __init__(self, victim: Victim):
        self._victim = victim

    def __call__(self, job: Any) -> Mapping[str, Any]:
        return asdict(self._victim(Probe(job.tables, job.seed)))
