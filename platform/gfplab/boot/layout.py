"""Index spaces of a machine: which wait queue, lock, pool, histogram and task is which, and what they are called.

Everything in the simulated kernel is an index; a Layout hands the indices out and remembers the names for the tables.
"""

from dataclasses import dataclass, field

ROLE_USER, ROLE_KSWAPD, ROLE_KWORKER, ROLE_RESCUER, ROLE_DMCRYPT, ROLE_FLUSHER, ROLE_REAPER = range(1, 8)
ROLES = ("", "user", "kswapd", "kworker", "rescuer", "dmcrypt_write", "flusher", "oom_reaper")
IO_WORKERS = (ROLE_KWORKER, ROLE_RESCUER, ROLE_DMCRYPT)


@dataclass
class TaskPlan:
    """A task to be: its name, function, argument and flags."""

    comm: str
    function: str
    argument: int = 0
    role: int = ROLE_USER
    pf_flags: int = 0
    cpu: int = -1
    start_ns: int = 0
    mm: int = 0
    work: int = 0
    dormant: bool = False
    fields: dict = field(default_factory=dict)


@dataclass
class PoolPlan:
    """A mempool to be."""

    name: str
    kind: int
    cache: int
    min_nr: int
    element_bytes: int


class Layout:
    """Names by index; index 0 is null everywhere."""

    def __init__(self):
        self.tasks = [None]
        self.pools = [None]
        self.biosets = [None]
        self.caches = [None]
        self.disks = [None]
        self.crypts = [None]
        self.files = [None]
        self.workloads = [None]
        self.mms = [None]
        self.wqs = [None]
        self.sites = [None]
        self.streams = []
        self.zones = [None]
        self.n_waitqueues = 0
        self.n_locks = 0

    def waitqueue(self, n: int = 1) -> int:
        """The first of n new wait queues."""
        first = self.n_waitqueues + 1
        self.n_waitqueues += n
        return first

    def lock(self) -> int:
        """A new lock."""
        self.n_locks += 1
        return self.n_locks

    def site(self, name: str) -> int:
        """A new latency histogram."""
        self.sites.append(name)
        return len(self.sites) - 1

    def stream(self, name: str) -> int:
        """A new random stream (the engine's own come first)."""
        from gfplab.engine.records import FIRST_STREAM

        self.streams.append(name)
        return FIRST_STREAM + len(self.streams) - 1

    def named(self, kind: str) -> dict[str, list[int]]:
        """Name -> the numbers of the "pool"s or "task"s called so; tasks are called by their comm and by their role."""
        found: dict[str, list[int]] = {}
        for number, plan in enumerate(self.pools[1:] if kind == "pool" else self.tasks[1:], 1):
            names = {plan.name} if kind == "pool" else {plan.comm, ROLES[plan.role]}
            for name in names:
                found.setdefault(name, []).append(number)
        return found

    def add(self, what: str, item) -> int:
        """Append to one of the name lists; returns the index."""
        items = getattr(self, what)
        items.append(item)
        return len(items) - 1
