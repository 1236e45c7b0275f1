"""The machine code of a build's step functions in one file: what a warm start loads instead of numba's cache.

A step function is reached by address alone, so neither numba's dispatcher nor its type annotations are needed, and a
hundred object files are linked in a hundredth of a second.  The file begins with a line of JSON, [entry, symbol, size]
of each, and then holds the object files one after the other.  Its name is that of the manifest, a hash of all sources.
"""

import json

from llvmlite import binding

from gfplab.engine import cache

_ENGINES = []  # machine code stays where it is for as long as the process lives


def write(path, code):
    """`code`: entry -> (symbol, object file)."""
    head = [[entry, symbol, len(machine_code)] for entry, (symbol, machine_code) in code.items()]
    cache.write(path, json.dumps(head).encode() + b"\n" + b"".join(machine_code for _, machine_code in code.values()))


def addresses(path):
    """entry -> where its machine code begins; None if there is no such file, or not all of it."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
        head = json.loads(head)
    except FileNotFoundError:
        return None
    except ValueError:
        head, body = [["", "", -1]], b""
    if sum(size for *_, size in head) != len(body):
        path.unlink(missing_ok=True)
        return None
    return link(head, body)


def link(head, body):
    """Let LLVM place the object files in memory."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine(jit=True, codemodel="jitdefault")
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), machine)
    _ENGINES.append(engine)
    begin = 0
    for *_, size in head:
        engine.add_object_file(binding.ObjectFileRef.from_data(body[begin : begin + size]))
        begin += size
    engine.finalize_object()
    return {entry: engine.get_function_address(symbol) for entry, symbol, _ in head}
