"""A job: one simulation that a trial asks for, with all that the run depends on, so equal jobs have equal results."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from gfplab.study.space import Value


@dataclass(frozen=True)
class Job:
    """One scenario under one set of policies with one seed."""

    scenario: str
    path: str  # of the scenario file, absolute
    overrides: Mapping[str, Value]  # dotted key -> value, as the scenario file would have it
    policies: Mapping[str, str]  # decision -> plugin; complete: a decision not named is the stock kernel's
    tunables: Mapping[str, Value]  # "plugin.tunable" -> value in base units
    seed: int
    columns: tuple[str, ...] = ()  # figures beside the named metrics, as "stalls.duration_ns.p99"

    @property
    def key(self) -> str:
        """A name for the result: equal jobs, and only they, have equal keys.  Where the file lies does not matter."""
        said = asdict(self)
        del said["path"]
        if not self.columns:
            del said["columns"]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


RunJob = Callable[[Job], Mapping[str, float]]
