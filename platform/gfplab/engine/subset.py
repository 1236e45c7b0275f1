"""How kernel code is written: three decorators and the subset of Python that all three modes run alike.

    @plain      def f(k, a, b): ...     never blocks
    @kernel     def g(k, a): ...        may block: `yield REQUEST`, `x = yield from other(k, ...)`
    @prototype(blocking=True)  def mempool_alloc(k, pool, gfp_mask): \"\"\"one line\"\"\"     in symbols files

The accepted subset (all else is refused at build with file and line; tests/engine/test_refusals.py shows each case):

* The first parameter is `k`, the state.  Every other parameter, local and result is an int64; True is 1, none is 0.
* Statements: `name = value`, `state = value`, `op=`, if/elif/else, while, for-in-range, break, continue, return, pass,
  assert, a call by itself, a docstring.  One name per assignment.  No else on loops; the step of a range is a literal.
* Values: int literals, names, + - * // % & | ^ << >> ~, and/or/not, comparisons, `a if c else b`, calls of plain
  functions, min max abs, len(k.<array>), and the wrapping add64 mul64 shl64 lsr64 of arith.py.
* State: `k.zones[z].nr_free` (a field of a record), `k.page_flags[pfn]` (an element of an array), and nothing else.
* Views: `zone = k.zones[z]` makes the local `zone` a view of a record of `zones`, in the whole function;
  `zone.nr_free -= 1` then works, also after a wait.  A view is never a value: what is passed and returned is the index.
* Names: a function is found by name in the whole model; a global int of the file (GFP_NOIO) is a constant, frozen at
  build; FN_<name> is the function id of kernel function <name>.  Locals do not begin with an underscore (`for _ in
  range(n)` may, if _ is not read).
* A wait is a statement of its own, one on a line: `yield R`, `x = yield R`, `yield from f(k)`, `x = yield from f(k)`,
  `return (yield from f(k))`.  R is one of the requests of requests.py.
* A local is assigned on every path before it is read; a loop variable is not read after its loop.
* Plain functions do not call themselves, directly or through others; kernel functions may.  At most 61 locals of a
  function live across waits.
* A function that is started as a task takes k and at most one argument.
* A function that a later era has as well is written twice, the later one with the era behind its name:
  try_to_free_pages and try_to_free_pages__v6_1; printed stacks leave the era out.
* `assert` is kept in check builds only.

What the pure modes refuse at run time and machine code does not see outside check builds: an index out of range, a
value that does not fit a compact array.  A result beyond int64 raises in the pure modes where it is stored and wraps in
machine code.  Division by zero raises everywhere.
"""

BUILTINS = ("abs", "len", "max", "min", "range")
RESERVED_LOCALS = ("k",)


class KernelBuildError(Exception):
    """Kernel code that cannot be built: `file:line: what is wrong; what to write instead`, one line per fault."""

    def __init__(self, errors):
        self.errors = [errors] if isinstance(errors, str) else list(errors)
        super().__init__("\n".join(self.errors))


class Prototype:
    """What a symbols file says of a function: its parameters and whether it may block."""

    def __init__(self, function, blocking, default):
        self.name, self.blocking, self.default, self.function = function.__name__, blocking, default, function
        self.__doc__ = function.__doc__

    def __call__(self, *args):
        raise TypeError(f"{self.name} is a prototype: its definition is bound when a Model is built")


def plain(function):
    """Mark a kernel function that never blocks."""
    function.gfplab_kind = "plain"
    return function


def kernel(function=None, *, inlined=False):
    """Mark a kernel function that may block; `inlined`: gcc inlines it, so printed stacks leave it out."""
    if function is None:
        return lambda f: kernel(f, inlined=inlined)
    function.gfplab_kind = "kernel"
    function.gfplab_inlined = inlined
    return function


def prototype(blocking, default=None):
    """Declare a function that another file defines; a model without it gets `return default`, if a default is given."""
    return lambda function: Prototype(function, blocking, default)
