"""Reading and importing the file of a plugin: whatever goes wrong there becomes a sentence with its line."""

import ast
import difflib
import importlib.util
import re
import sys
import traceback
import warnings
from types import ModuleType

from gfplab.errors import PolicyError, one_line
from gfplab.policy.faults import told, told_at

# where a name that a file forgot to import may come from
OFFERED = ("gfplab", "gfplab.units", *(f"gfplab.kernel.{part}" for part in ("gfp", "steps", "answers", "types")))


def import_text(source: str, path: str, shown: str, name: str) -> ModuleType:
    """The module that the text of a file makes; PolicyError says why there is none."""
    tree = _parsed(source, path, shown)
    for statement in tree.body:
        if isinstance(statement, ast.While):
            sentence = "a loop at the top of a policy would run at every import; write the number that it computes"
            raise PolicyError(told_at(shown, source, statement, sentence))
    module = ModuleType(f"gfplab_plugin_file.{name}")
    module.__file__ = path
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            code = compile(ast.fix_missing_locations(_Powers().visit(tree)), path, "exec")
        module.__dict__.update(_POWERS)
        exec(code, module.__dict__)
        for name in _POWERS:
            del module.__dict__[name]
    except PolicyError as error:
        raise _declared(error, path, shown, source) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a file that ends the program must not end it
        line = _line_in(path, error)
        raise PolicyError(told(shown, source, line, f"cannot be imported: {import_words(error)}")) from None
    return module


class _Powers(ast.NodeTransformer):
    """Asks before constants become huge: 10 ** SEC would hang the import, "text" * SEC would fill the memory."""

    def visit_FunctionDef(self, node):
        return node

    def visit_BinOp(self, node):
        self.generic_visit(node)
        name = {ast.Pow: "__power", ast.LShift: "__shift", ast.Mult: "__times"}.get(type(node.op))
        if name is None:
            return node
        return ast.copy_location(ast.Call(ast.Name(name, ast.Load()), [node.left, node.right], []), node)


def _power(base, exponent):
    if type(base) is int and type(exponent) is int and abs(base) > 1 and exponent > 4096:
        raise OverflowError(f"{base} ** {exponent} does not fit 64 bits")
    return base**exponent


def _shift(number, bits):
    if type(number) is int and type(bits) is int and bits > 4096:
        raise OverflowError(f"{number} << {bits} does not fit 64 bits")
    return number << bits


def _times(one, other):
    for repeated, times in ((one, other), (other, one)):
        if isinstance(repeated, str | bytes | list | tuple) and type(times) is int and len(repeated) * times > 1 << 20:
            raise OverflowError(f"{type(repeated).__name__} * {times} fills the memory")
    return one * other


_POWERS = {"__power": _power, "__shift": _shift, "__times": _times}


def read_text(path: str, shown: str) -> str:
    """The text of a file; PolicyError says why it cannot be read."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise PolicyError(f"{shown}: cannot be read: {error.strerror}") from None
    try:
        # as Python reads it: a mark of the byte order and line ends of other systems mean nothing
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        sentence = f"is not text in UTF-8: byte 0x{content[error.start]:02x}; save the file as UTF-8"
        raise PolicyError(told(shown, content.decode(errors="replace"), line, sentence)) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise PolicyError(f"{shown}:{line}: is not Python: a null byte; save the file as UTF-8")
    return text


def tree_of(source: str, path: str = "") -> ast.Module:
    """The tree of a text that is known to be Python, without the warnings that Python has for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source, path)


def _parsed(source: str, path: str, shown: str) -> ast.Module:
    """The tree of a file that a compiler accepts, too."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, path, "exec")
        return tree_of(source, path)
    except SyntaxError as error:
        line, start = error.lineno or 1, (error.offset or 1) - 1
        lines = source.splitlines()
        text = lines[line - 1] if line <= len(lines) else ""
        end = error.end_offset - 1 if error.end_offset and error.end_lineno == line else start + 1
        place = len(text[:start].encode()), len(text[: max(end, start + 1)].encode())
        raise PolicyError(told(shown, source, line, f"is not Python: {error.msg}", place)) from None
    except (RecursionError, MemoryError, ValueError, OverflowError):
        raise PolicyError(f"{shown}: is not Python: it is nested too deeply, or a number is too long") from None


def _declared(error: PolicyError, path: str, shown: str, source: str) -> PolicyError:
    """What a declaration in the file was refused for, with its source line; `tunable` says where it was called."""
    where = re.match(rf"{re.escape(path)}:(\d+): ", str(error))
    if where is None:
        return error
    return PolicyError(told(shown, source, int(where[1]), str(error)[where.end() :]))


def _line_in(path: str, error: BaseException) -> int:
    frames = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return frames[-1] or 1 if frames else 1


def import_words(error: BaseException) -> str:
    """What went wrong in an import and what to write, without the paths of this machine."""
    said = one_line(error)
    match error:
        case ModuleNotFoundError():
            return _missing_module(error.name or "")
        case ImportError():
            missing = re.match(r"cannot import name '(\w+)' from '([\w.]+)'", said)
            if missing and missing[2] in sys.modules:
                return _missing_name(missing[1], missing[2])
        case NameError():
            missing = re.match(r"name '(\w+)' is not defined", said)
            if missing:
                return f"'{missing[1]}' is not defined; {_where(missing[1])}"
        case TypeError():
            unknown = re.match(r"(tunable|state)\(\) got an unexpected keyword argument '(\w+)'", said)
            if unknown:
                return _unknown_argument(*unknown.groups())
        case SystemExit():
            return "the file ends the program; a policy is imported and must go on"
        case RecursionError():
            return "a function of the file calls itself without end; write a loop"
    what = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return f"{what}; correct this line, or what it calls"


def _missing_module(name: str) -> str:
    package, _dot, _last = name.rpartition(".")
    if name.split(".")[0] == "gfplab":
        near = difflib.get_close_matches(name, OFFERED, 1)
        return f"there is no module '{name}'; " + (
            f"did you mean '{near[0]}'?" if near else f"a policy imports from {', '.join(OFFERED)}"
        )
    if package and importlib.util.find_spec(package.split(".")[0]) is not None:
        return f"there is no module '{name}' in the package {package.split('.')[0]}; correct the name"
    return f"there is no module '{name}'; install it, or remove the import: a policy is numbers only"


def _missing_name(name: str, module: str) -> str:
    names = [known for known in vars(sys.modules[module]) if not known.startswith("__") or known.isupper()]
    near = difflib.get_close_matches(name, [*names, *getattr(sys.modules[module], "__all__", ())], 1)
    if near:
        return f"{module} has no '{name}'; did you mean '{near[0]}'?"
    return f"{module} has no '{name}'; {_where(name)}"


def _where(name: str) -> str:
    """What to write for a name that the file does not know."""
    for module in OFFERED:
        if name in vars(importlib.import_module(module)) or name in getattr(sys.modules[module], "__all__", ()):
            return f"write `from {module} import {name}`"
    offered = [known for module in OFFERED for known in vars(importlib.import_module(module)) if known[:1].isupper()]
    near = difflib.get_close_matches(name, offered, 1)
    return f"did you mean '{near[0]}'?" if near else "import it, or assign it above"


def _unknown_argument(function: str, argument: str) -> str:
    import inspect

    from gfplab.policy import tunables

    known = [p for p in inspect.signature(getattr(tunables, function)).parameters if p not in ("default", "initial")]
    near = difflib.get_close_matches(argument, known, 1)
    return f"{function}() has no argument '{argument}'; " + (
        f"did you mean '{near[0]}'?" if near else f"there is {', '.join(known)}"
    )
