"""Where compiled code is kept, and under which names.

The folder is $GFPLAB_CACHE_DIR, else $XDG_CACHE_HOME/gfplab, else ~/.cache/gfplab, and in it one folder per version
of Python, numba, llvmlite and numpy and per CPU.  A file's name holds the hash of everything that its content depends
on, so nothing in the cache is ever stale, and nothing in it is ever written twice.
"""

import functools
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path


def digest(*parts):
    """A short hash of texts."""
    h = hashlib.sha256()
    for p in parts:
        h.update(p.encode() if isinstance(p, str) else p)
        h.update(b"\0")
    return h.hexdigest()[:20]


@functools.cache
def root():
    """The cache folder of this user; a temporary one if it cannot be written."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    path = Path(os.environ.get("GFPLAB_CACHE_DIR") or Path(base) / "gfplab")
    try:
        path.mkdir(parents=True, exist_ok=True)
        if os.access(path, os.W_OK):
            return path
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="gfplab-cache-"))


@functools.cache
def folder():
    """The cache folder of this user for this version of everything (imports numba)."""
    import llvmlite
    import numba
    import numpy
    from llvmlite import binding

    versions = (numba.__version__, llvmlite.__version__, numpy.__version__)
    cpu = binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()
    name = f"py{sys.version_info[0]}{sys.version_info[1]}-numba{numba.__version__}"
    path = root() / f"{name}-{digest(*versions, *cpu, sys.version)[:10]}"
    path.mkdir(parents=True, exist_ok=True)
    return path


def write(path, content):
    """Write a file so that nobody ever sees half of it; an existing file stays as it is."""
    if path.exists():
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w" if isinstance(content, str) else "wb") as f:
        f.write(content)
    os.replace(temporary, path)


@functools.cache
def engine_digest():
    """A hash of the engine's own sources: an engine that is edited shares nothing with its past."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return digest(*(f.name + "\0" + f.read_text() for f in files))


def read_json(path):
    """The content of a JSON file, or None if there is none."""
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return None
