"""One simulation: state, time going on in slices, logs handed out."""

from gfplab.engine import snapshot
from gfplab.engine.subset import KernelBuildError


class Simulation:
    """`k` is the state as kernel code sees it, `arrays` the same memory as numpy arrays, in every mode."""

    def __init__(self, build, arrays, decisions):
        self.build, self.arrays, self.decisions, self.broken = build, arrays, decisions, False
        for d in build.model.decisions:
            if d.name not in decisions:
                users = sorted(f.where for f in build.model.program.functions.values() if d.symbol in f.decisions)
                asked = f", which {users[0]} asks" if users else ""
                raise KernelBuildError(
                    f"decision {d.name}: no policy is bound to it{asked}; bind one for every decision of the model"
                )
        self.refuse_other_arrays()
        self.k = build.code.state(arrays, decisions)
        self.reasons = next(m.REASONS for m in build.model.sources if hasattr(m, "REASONS"))

    def refuse_other_arrays(self):
        """Machine code takes the arrays as they are: a wrong type would be read as something else."""
        schema = self.build.schema
        for name in schema.names():
            array = self.arrays.get(name)
            if array is None or array.dtype != schema.dtype(name) or array.ndim != 1 or not array.flags.c_contiguous:
                raise TypeError(f"arrays: {name} is not the array that Build.arrays() made; fill that one in place")

    def run(self, until_ns, max_events=None):
        """Let time go on; gives why it stopped: "until", "idle", "drain", "events" or "error".

        What kernel code or a policy raises leaves an event half done: this simulation is at its end; a snapshot is not.
        """
        if self.broken:
            raise RuntimeError("this simulation stopped in the middle of an event; start anew or restore a snapshot")
        self.broken = True
        try:
            reason = self.reasons[self.call("run", until_ns, -1 if max_events is None else max_events)]
        except Exception as error:
            error.add_note(self.place())
            raise
        self.broken = False
        return reason

    def place(self):
        """Which task runs, and where it last waited."""
        e = self.arrays["e"][0]
        functions = (
            [f"{name} (waited at line {line})" for name, line, _ in self.build.backtrace(self, e["cur"])]
            if e["cur"]
            else []
        )
        return f"at {e['now']} ns in task {e['cur']}: {' <- '.join(functions) or 'an interrupt'}"

    def call(self, name, *args):
        """Call a plain function of the model."""
        return self.build.code.call(self.k, name, args)

    def drain(self):
        """Copy the rows of all logs out, and empty the logs."""
        e, out = self.arrays["e"], {}
        for name in self.build.schema.capacities:
            out[name] = self.arrays[name][: e[f"n_{name}"][0]].copy()
            e[f"n_{name}"] = 0
        if self.build.schema.capacities:
            e["drain"] = 0
        return out

    def snapshot(self):
        """The state now; Build.restore() goes on from it."""
        return snapshot.take(self)

    def state_hash(self):
        """A hash of the state, dead frame slots apart."""
        return snapshot.state_hash(self.build, self.arrays)
