"""Files that are there whole or not at all, whoever is killed while they are written."""

import os
import tempfile
from pathlib import Path

UNFINISHED = ".unfinished"  # how the name of a file ends that is still being written, or whose writer was killed


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` at `path`, over what is there; a reader sees the old file or the new one."""
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(unfinished, 0o644)
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise
