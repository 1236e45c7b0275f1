"""Whether what results depend on is still what it was when the study began: scenarios are read anew for every run.

A study that runs for hours meets people who edit files.  A run that may have seen an edited scenario is neither
recorded nor kept in the cache.
"""

import functools
import os
from collections.abc import Mapping
from pathlib import Path

from gfplab.errors import GfplabError
from gfplab.world.scenario import load_scenario

OWN_CODE = "gfplab's own code"  # the entry of `made_of` that says which simulator it was


def moved(scenarios: Mapping[str, Path], made_of: Mapping[str, str]) -> str:
    """The first scenario that is not what `made_of` says ("scenario <name>" -> hash) any more, or ""."""
    return next((name for name, path in scenarios.items() if not stands(name, path, made_of)), "")


def stands(name: str, path: Path | str, made_of: Mapping[str, str]) -> bool:
    """Whether the file at `path` is still the scenario `name` that `made_of` says."""
    try:
        at = os.stat(path)
        return _hash(str(path), at.st_mtime_ns, at.st_size, at.st_ino) == made_of.get(f"scenario {name}")
    except (OSError, GfplabError):  # gone, or no scenario at the moment
        return False


@functools.lru_cache(maxsize=256)
def _hash(path: str, *_signature: int) -> str:
    """Of the scenario in the file.  A file with an unchanged signature is read once."""
    return load_scenario(path).sha256()
