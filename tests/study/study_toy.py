"""A study without a simulator: a few plugins that exist only by name, and a job that is arithmetic.

The job's metrics depend on everything that a job says, so two studies agree only if they ran the same jobs.
"""

import hashlib
import os
import shutil
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from gfplab.errors import SimulationError
from gfplab.kernel import gfp
from gfplab.kernel.decisions import DECISIONS
from gfplab.policy.tunables import tunable
from gfplab.units import MSEC, SEC

FILES = Path(__file__).parents[1] / "files" / "study"
STUDY = (FILES / "toy.toml").read_text()


@dataclass(frozen=True)
class ToyPlugin:
    """As much of a plugin as a study looks at."""

    name: str
    decisions: tuple[str, ...]
    tunables: dict = field(default_factory=dict)
    source_hash: str = "0"

    @property
    def functions(self):
        return dict.fromkeys(self.decisions)


def _plugin(name, *decisions, **tunables):
    return ToyPlugin(name, decisions, {key: replace(value, name=key) for key, value in tunables.items()})


PLUGINS = {
    plugin.name: plugin
    for plugin in (
        _plugin("linux_4_7", *(decision.name for decision in DECISIONS)),
        _plugin("gentle", "throttle_vm_writeout"),
        _plugin("isolating", "too_many_isolated", share=tunable(0.5, low=0.0, high=1.0)),
        _plugin(
            "masked",
            "mempool_step",
            mask=tunable(
                gfp.GFP_NOIO, bits=gfp.__GFP_IO | gfp.__GFP_FS | gfp.__GFP_DIRECT_RECLAIM | gfp.__GFP_KSWAPD_RECLAIM
            ),
            eager=tunable(False),
        ),
        _plugin(
            "patient",
            "mempool_step",
            timeout=tunable(5 * SEC, low=1 * MSEC, high=10 * SEC, log=True, unit="time"),
            tries=tunable(1, low=1, high=10),
            order=tunable("first", choices=("first", "last", "random")),
        ),
    )
}


def write_study(folder: Path, text: str = STUDY) -> Path:
    """A folder with the study and its two scenarios; the study's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("storm.toml", "calm.toml"):
        shutil.copy(FILES / name, folder)
    (folder / "toy.toml").write_text(text)
    return folder / "toy.toml"


def run_toy(job) -> dict[str, float]:
    """Metrics that anyone can compute: a smooth part to search, and a part that differs with every word of the job."""
    digest = hashlib.sha256(job.key.encode()).digest()
    noise = int.from_bytes(digest[:4], "big") / 2**32
    timeout = job.tunables.get("patient.timeout", 5 * SEC)
    stall = timeout / MSEC + 10 * len(job.policies) + noise
    return {
        "worst_io_stall_ms": stall,
        "psi_full_pct": noise,
        "swapout_kib_s": 1000 * noise,
        "fast_path_ns": 40.0 + job.overrides.get("machine.min_free_kbytes", 1024) / 100 + noise,
        "idle_reserve_bytes": 4096.0 * job.overrides.get("crypt.swap0.bios", 16),
        "oom_kills": float(job.policies.get("mempool_step") == "masked" and noise > 0.8),
        "deadlock": 0.0,
    }


def run_slowly(job) -> dict[str, float]:
    """The same, with time to be killed in; the order of ending differs from the order of beginning."""
    time.sleep(0.01 + 0.03 * (int(job.key[:2], 16) / 256))
    return run_toy(job)


def run_failing(job) -> dict[str, float]:
    """A simulator that gives up on one of the policies."""
    if job.policies.get("mempool_step") == "masked":
        raise SimulationError(f"{job.scenario}: invariant 4 broken at 0.5 s")
    return run_toy(job)


def run_and_lose_the_worker(job) -> dict[str, float]:
    """Kills the process it runs in, the first time it sees a job (marked in the folder of the scenario)."""
    mark = Path(job.path).parent / f"lost-{job.key[:16]}"
    if job.key[0] in "01234" and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), 9)
    return run_toy(job)


def run_fatally(job) -> dict[str, float]:
    """Kills every process it runs in, as a simulation does that needs more memory than there is."""
    os.kill(os.getpid(), 9)
    return {}
