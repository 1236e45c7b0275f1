"""The state of a simulation: record arrays and compact arrays, declared once, for numpy, numba and plain Python.

All fields of records are int64.  In the pure modes the same numpy memory is seen through objects that give and take
Python ints: `k.zones[z]` is a ctypes Structure over the record, `k.page_flags` a memoryview.  Storing a float raises
in both.
"""

import ctypes
import hashlib
import json

import numpy as np

OWN_ARRAYS = {"stk": "i8", "my": "i8"}
LAZY_RECORDS = 4096
INTEGER_DTYPES = ("i8", "i4", "i2", "i1", "u4", "u2", "u1")


class Schema:
    """Names and fields of all records, arrays and logs; declaring a record array again adds fields to it."""

    def __init__(self):
        self.fields = {}
        self.dtypes = dict(OWN_ARRAYS)
        self.docs = {"stk": {"": "stacks of all tasks"}, "my": {"": "private state of the policies, 8-byte slots"}}
        self.capacities = {}
        self.records("e", stack_words="words of stack per task")

    def records(self, name, /, **fields):
        """Declare record array `name` with int64 fields (field=one line of documentation), or add fields to it."""
        if name in self.dtypes:
            raise ValueError(f"{name} is already an array, it cannot be a record array")
        known = self.fields.setdefault(name, [])
        for field, doc in fields.items():
            if field not in known:
                known.append(field)
            self.docs.setdefault(name, {})[field] = doc

    def array(self, name, dtype, doc=""):
        """Declare a compact array of one integer type."""
        if name in self.fields:
            raise ValueError(f"{name} is already a record array, it cannot be an array")
        if dtype not in INTEGER_DTYPES:
            raise ValueError(f"{name}: dtype {dtype!r} is not one of {', '.join(INTEGER_DTYPES)}")
        self.dtypes[name] = dtype
        self.docs[name] = {"": doc}

    def log(self, name, capacity, /, **columns):
        """Declare a log: a record array of `capacity` rows whose fill count is k.e[0].n_<name>."""
        self.records(name, **columns)
        self.records("e", **{f"n_{name}": f"rows in log {name}"})
        self.capacities[name] = capacity

    def dtype(self, name):
        """The numpy dtype of one record array or array."""
        if name in self.fields:
            return np.dtype([(f, "i8") for f in self.fields[name]], align=True)
        return np.dtype(self.dtypes[name])

    def names(self):
        """All record arrays, then all arrays."""
        return [*self.fields, *self.dtypes]

    def digest(self):
        """A hash of everything that the layout of the state depends on."""
        return hashlib.sha256(json.dumps([self.fields, self.dtypes]).encode()).hexdigest()

    def arrays(self, sizes):
        """Zeroed numpy arrays; what `sizes` does not name: a log has its capacity, all else the null slot alone."""
        sizes = dict(sizes)
        words = sizes.pop("stack_words", 256)
        sizes["stk"] = words * sizes.get("tasks", 1)
        unknown = sorted(set(sizes) - set(self.names()))
        if unknown:
            raise KeyError(f"sizes: there is no record array or array {unknown[0]!r}")
        out = {n: np.zeros(sizes.get(n, self.capacities.get(n, 1)), self.dtype(n)) for n in self.names()}
        out["e"]["stack_words"] = words
        return out


def record_class(name, fields):
    """A ctypes Structure over one record; `fields` are (field, "i8" or "f8", length)."""
    kinds = {"i8": ctypes.c_int64, "f8": ctypes.c_double}
    types = [(f, kinds[kind] if length == 1 else kinds[kind] * length) for f, kind, length in fields]

    def show(self):
        return f"{name}({', '.join(f'{f}={getattr(self, f)}' for f, _ in self._fields_)})"

    return type(name, (ctypes.Structure,), {"__slots__": (), "_fields_": types, "__repr__": show})


class PyState:
    """The state as plain Python sees it: k.zones[z].nr_free, k.page_flags[pfn]; its memory is the numpy arrays."""

    def __init__(self, schema, arrays):
        self.decisions = {}
        for name, array in arrays.items():
            if name not in schema.fields:
                setattr(self, name, memoryview(array))
                continue
            cls = record_class(name, [(f, "i8", 1) for f in schema.fields[name]])
            records = (cls * len(array)).from_buffer(array)
            # a list of views is read faster than one that makes them, but has to be made
            setattr(self, name, records if len(array) > LAZY_RECORDS else list(records))
