"""A simulation's whole state as copies of its arrays: to go on from later, more than once, or in another mode.

What a snapshot holds means something to the same sources only: function ids, pcs and frame slots are numbers of one
model.  The masks below hide what no run will ever read, so that equal states have equal hashes.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from gfplab.engine.frames import FRAME_HEADER
from gfplab.engine.subset import KernelBuildError


@dataclass(frozen=True)
class Snapshot:
    """`build_hash`: the model that the state belongs to.  Of the logs only the rows in use are kept."""

    build_hash: str
    mode: str
    arrays: dict
    log_lengths: dict

    @property
    def nbytes(self):
        return sum(a.nbytes for a in self.arrays.values())

    def require(self, build):
        """Refuse a build of other sources, and generators, whose suspended locals cannot be made from data."""
        if self.build_hash != build.hash:
            raise KernelBuildError(
                f"snapshot: taken from model {self.build_hash[:12]}, this is model {build.hash[:12]}; "
                "a snapshot is valid for the sources that it was taken with only"
            )
        if "generators" in (build.mode, self.mode):
            raise KernelBuildError('snapshot: generators cannot be saved or restored; use mode "steps" or "compiled"')


def take(sim):
    """The state of a simulation now."""
    filled = {n: int(sim.arrays["e"][f"n_{n}"][0]) for n in sim.build.schema.capacities}
    copies = {n: a[: filled.get(n, len(a))].copy() for n, a in sim.arrays.items()}
    lengths = {n: len(sim.arrays[n]) for n in filled}
    return Snapshot(sim.build.hash, sim.build.mode, copies, lengths)


def restored(snapshot):
    """Fresh arrays with the content of a snapshot."""
    out = {n: a.copy() for n, a in snapshot.arrays.items()}
    for name, length in snapshot.log_lengths.items():
        out[name] = np.zeros(length, out[name].dtype)
        out[name][: len(snapshot.arrays[name])] = snapshot.arrays[name]
    return out


def live_stack(build, arrays):
    """A copy of the stacks in which every word that no step function will read is 0."""
    stack, words = arrays["stk"], int(arrays["e"]["stack_words"][0])
    out = np.zeros_like(stack)
    for t in range(1, len(stack) // words):
        for name, fp, pc in build.frames(arrays, t):
            step = build.model.steps[name]
            out[fp : fp + FRAME_HEADER] = stack[fp : fp + FRAME_HEADER]
            for local in step.live(build.check)[pc]:
                place = fp + step.slots[local]
                out[place] = stack[place]
    return out


def state_hash(build, arrays):
    """A hash of a state, the same for two states that go on alike."""
    h = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        rows = array
        if name == "stk":
            rows = live_stack(build, arrays)
        elif name in build.schema.capacities:
            rows = array[: arrays["e"][f"n_{name}"][0]]
        h.update(name.encode() + np.ascontiguousarray(rows).tobytes())
    return h.hexdigest()
