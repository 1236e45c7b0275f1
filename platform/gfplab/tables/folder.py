"""The folder that tables go to: there as a whole or not at all (and known before Polars is needed)."""

import contextlib
import os
import shutil
from pathlib import Path

from gfplab.errors import GfplabError


@contextlib.contextmanager
def new_folder(folder: str | Path):
    """A folder to write into, beside `folder`; it takes that name when all is written and is gone if anything fails."""
    folder = Path(folder)
    refuse_existing(folder)
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}.unfinished")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished.mkdir()
        yield unfinished
        os.rename(unfinished, folder)  # an empty folder of that name is replaced
    except OSError as error:
        raise GfplabError(f"{folder}: cannot be written ({error.strerror}); name another folder") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def refuse_existing(folder: Path) -> None:
    """Results are never overwritten: say so before the work is done rather than after it."""
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists():
        raise GfplabError(f"{folder}: already exists, and results are not overwritten; name another folder")
