"""The state of a simulation: record arrays and compact arrays, declared once, for numpy, numba and plain Python.

All fields of records are int64.  In the pure modes the same numpy memory is seen through objects that give and take
Python ints: `k.zones[z]` is a ctypes Structure over the record, `k.page_flags` a memoryview.  Storing a float raises
in both.
"""

import ctypes
import functools
import hashlib
import json
import mmap

import numpy as np

OWN_ARRAYS = {"stk": "i8", "my": "i8"}
LAZY_RECORDS = 4096
MAPPED_BYTES = 1 << 18
INTEGER_DTYPES = ("i8", "i4", "i2", "i1", "u4", "u2", "u1")


class Schema:
    """Names and fields of all records, arrays and logs; declaring a record array again adds fields to it."""

    def __init__(self):
        self.fields = {}
        self.dtypes = dict(OWN_ARRAYS)
        self.docs = {"stk": {"": "stacks of all tasks"}, "my": {"": "private state of the policies, 8-byte slots"}}
        self.capacities = {}
        self._made = {}  # name -> numpy dtype, as far as they were asked for
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
        self._made.pop(name, None)

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
        if name not in self._made:
            records = name in self.fields
            said = [(f, "i8") for f in self.fields[name]] if records else self.dtypes[name]
            self._made[name] = np.dtype(said, align=records)
        return self._made[name]

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
        out = {n: zeroed(sizes.get(n, self.capacities.get(n, 1)), self.dtype(n)) for n in self.names()}
        out["e"]["stack_words"] = words
        return out


def zeroed(length, dtype):
    """np.zeros(length, dtype).

    A large one is mapped for itself, so that what is never touched is never cleared: calloc clears once free() has been
    given large blocks.
    """
    size = length * dtype.itemsize
    if size < MAPPED_BYTES:
        return np.zeros(length, dtype)
    return np.frombuffer(mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS), dtype)


def record_class(name, fields):
    """A ctypes Structure over one record; `fields` are (field, "i8" or "f8", length)."""
    return _record_class(name, tuple(fields))


@functools.cache
def _record_class(name, fields):
    kinds = {"i8": ctypes.c_int64, "f8": ctypes.c_double}
    types = [(f, kinds[kind] if length == 1 else kinds[kind] * length) for f, kind, length in fields]

    def show(self):
        return f"{name}({', '.join(f'{f}={getattr(self, f)}' for f, _ in self._fields_)})"

    return type(name, (ctypes.Structure,), {"__slots__": (), "_fields_": types, "__repr__": show})


class PyState:
    """The state as plain Python sees it: k.zones[z].nr_free, k.page_flags[pfn]; its memory is the numpy arrays.

    A view is made when it is first asked for: a compiled run asks for next to none.
    """

    def __init__(self, schema, arrays):
        self.decisions = {}
        self._schema, self._arrays = schema, arrays

    def __getattr__(self, name):
        arrays = self.__dict__.get("_arrays", {})
        if name not in arrays:
            raise AttributeError(f"the state has no array {name!r}", name=name, obj=self)
        setattr(self, name, self._view(name, arrays[name]))
        return self.__dict__[name]

    def _view(self, name, array):
        if name not in self._schema.fields:
            return memoryview(array)
        cls = record_class(name, [(f, "i8", 1) for f in self._schema.fields[name]])
        records = (cls * len(array)).from_buffer(array)
        # a list of views is read faster than one that makes them, but has to be made
        return records if len(array) > LAZY_RECORDS else list(records)
