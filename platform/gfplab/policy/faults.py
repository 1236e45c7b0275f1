"""How a fault of a policy is told: file and line, one sentence, what to write; under it the source line and the place.

    less_throttle.py:21: vm has no field 'nr_writebck'; did you mean 'nr_writeback'?
        return 100 * MSEC if vm.nr_writebck > scan.limit else 0
                             ^^^^^^^^^^^^^^

The lint, the import, the compiler and a policy that raises in the middle of a run all tell it so.  What a policy raises
in a run is a PolicyError and the exception that Python has for it, so that both forms of a policy raise the same.
"""

import ast
import traceback
from collections.abc import Iterable

from gfplab.errors import PolicyError, one_line

LONGEST = 110  # columns of a quoted line
MOST_TURNS = 100_000  # of all loops in one call of a policy


class DivisionByZero(PolicyError, ZeroDivisionError):
    """A policy divides by zero."""


class OutsideArray(PolicyError, IndexError):
    """A policy reads or writes an array of its state where the array is not."""


class NegativeShift(PolicyError, ValueError):
    """A policy shifts by less than nothing."""


class ShiftTooFar(PolicyError, OverflowError):
    """A policy shifts left by more bits than a number has."""


class Overflow(PolicyError, OverflowError):
    """A whole number of a policy leaves 64 bits."""


class EndlessLoop(PolicyError, RuntimeError):
    """The loops of one call have gone round MOST_TURNS times."""


DIVIDES = "divides by zero; write max(1, ...), or ask before dividing"
SHIFTS_BACK = "shifts by a negative number of bits; write max(0, ...)"
SHIFTS_OUT = "shifts left by more than 63 bits, and a number has 64; write min(63, ...)"
LOOPS = f"this loop does not end: one call went round {MOST_TURNS:,} times; bound it with for i in range(...)"


def overflows(number: int) -> str:
    """The sentence about a number that leaves 64 bits."""
    shown = f"{number}" if abs(number).bit_length() < 256 else f"more than 2**{abs(number).bit_length() - 1}"
    return f"this is {shown} here, which does not fit 64 bits; divide before multiplying, or use a float"


def outside(name: str, length: int) -> str:
    """The sentence about an index."""
    return f"index outside my.{name}, whose places are 0 .. {length - 1}; write % {length}, or ask before indexing"


def told(path: str, source: str, line: int, sentence: str, place: tuple[int, int] | None = None) -> str:
    """One fault: sentence, source line, and carets under the columns `place` (in bytes, as ast counts them)."""
    said = f"{path}:{line}: {sentence}"
    lines = source.splitlines()
    if not 0 < line <= len(lines) or not lines[line - 1].strip():
        return said
    text = lines[line - 1]
    start, end = (len(text.encode()[:column].decode(errors="ignore").expandtabs()) for column in place or (0, 0))
    text = text.expandtabs()
    indent = len(text) - len(text.lstrip())
    shown, start, end = one_line(text.strip()), max(0, start - indent), max(0, end - indent)
    if len(shown) > LONGEST:
        skipped = max(0, min(start - LONGEST // 2, len(shown) - LONGEST))
        shown, start, end = shown[skipped : skipped + LONGEST], start - skipped, end - skipped
    said += f"\n    {shown}"
    end = min(max(end, start + 1), len(shown) + 1)
    return f"{said}\n    {' ' * start}{'^' * (end - start)}" if place and end > start else said


def told_at(path: str, source: str, node: ast.AST, sentence: str) -> str:
    """The same at a piece of the source; of a definition or a block only the name or the keyword is meant."""
    line, start = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    if isinstance(node, ast.Module):
        return told(path, source, 1, sentence)
    end = node.end_col_offset if getattr(node, "end_lineno", line) == line else None
    match node:
        case ast.FunctionDef():
            start, end = start + len("def "), start + len("def ") + len(node.name.encode())
        case ast.While() | ast.For() | ast.If() | ast.With() | ast.Try() | ast.ClassDef() | ast.Match():
            end = start + len(type(node).__name__)
    lines = source.splitlines()
    if end is None:
        end = len(lines[line - 1].encode()) if line <= len(lines) else start + 1
    return told(path, source, line, sentence, (start, end))


def of_exception(error: BaseException, plugins: Iterable) -> PolicyError | None:
    """What a plugin's function, interpreted, has raised, as compiled code would have told it; None if no plugin did."""
    frames = traceback.extract_tb(error.__traceback__)
    for plugin in plugins:
        if frames and frames[-1].filename in (plugin.module.__file__, plugin.path):
            return _raised(error, plugin, frames[-1])
    return None


def _raised(error: BaseException, plugin, frame: traceback.FrameSummary) -> PolicyError:
    line, place = frame.lineno or 1, None
    if frame.lineno == frame.end_lineno and frame.colno is not None:
        place = frame.colno, frame.end_colno or frame.colno
    kind, sentence = PolicyError, f"raises {type(error).__name__}: {one_line(error)}"
    match error:
        case ZeroDivisionError():
            kind, sentence = DivisionByZero, DIVIDES
        case IndexError():
            kind, sentence = OutsideArray, _indexed(plugin, line, place)
        case ValueError():
            kind, sentence = NegativeShift, SHIFTS_BACK
        case OverflowError():
            kind, sentence = ShiftTooFar, SHIFTS_OUT
    return kind(told(plugin.path, plugin.source, line, sentence, place))


def _indexed(plugin, line: int, place: tuple[int, int] | None) -> str:
    """The sentence about the array that is indexed at this place."""
    for node in ast.walk(plugin.tree):
        match node:
            case ast.Subscript(value=ast.Attribute(attr=name)) if node.lineno == line and name in plugin.state:
                if place is None or place[0] <= node.col_offset < place[1]:
                    return outside(name, plugin.state[name].length)
    return "index outside an array of my; ask before indexing"
