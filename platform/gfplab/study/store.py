"""The record of a study: a line for its beginning, one for each finished trial, on disk before anything builds on it.

The journal is the truth.  Optuna's own journal beside it (mirror.py) is for looking at, and can be thrown away.
A process killed while it wrote leaves a last line without an end: opening cuts it, and the trial is run again.
"""

import contextlib
import fcntl
import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from gfplab.errors import StudyError
from gfplab.study.objectives import Runs
from gfplab.study.space import Value

JOURNAL = "journal.jsonl"
FORMAT = 2
_SUM = b',"crc32":'


@dataclass(frozen=True)
class Trial:
    """A trial: what is tried, and, once it has finished, what its runs measured."""

    number: int
    batch: int
    origin: str  # "baseline" | "sampler"
    label: str  # its policies in a few words
    values: dict[str, Value]  # dimension -> answer
    policies: dict[str, str]  # decision -> plugin, where it is not the stock kernel's
    tunables: dict[str, Value]  # "plugin.tunable" -> value, where it is not the plugin's default
    runs: list[tuple[str, int, dict[str, float]]] = field(default_factory=list)  # scenario, seed, metrics
    why: str = ""  # what is to be said of how the sampler came to it
    failure: str = ""  # the sentence of the run that could not be measured
    beaten_by: int | None = None  # the trial of the front that it surely would be dominated by; not all seeds were run

    @property
    def failed(self) -> bool:
        return bool(self.failure)

    @property
    def dropped(self) -> bool:
        return self.beaten_by is not None

    @property
    def measured(self) -> Runs:
        """(scenario, seed) -> metrics."""
        return {(scenario, seed): metrics for scenario, seed, metrics in self.runs}


@dataclass
class Record:
    """What a journal says."""

    header: dict
    trials: dict[int, Trial] = field(default_factory=dict)
    selected: dict[int, Trial] = field(default_factory=dict)  # the best again, with seeds to choose among them by
    confirmed: dict[int, Trial] = field(default_factory=dict)  # the chosen again, with fresh seeds (compare.py)


class Journal:
    """The open journal of one study.  One process at a time holds it; the kernel lets go of it when that one dies."""

    def __init__(self, directory: Path, header: dict):
        """Open the journal in `directory`; begin one with `header` if there is none."""
        self.path = directory / JOURNAL
        self._fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._fd)
            raise StudyError(
                f"{directory}: another gfplab is working here; wait for it, or use another --out"
            ) from None
        try:
            record, whole = _parse(self.path, _read(self._fd))
            os.ftruncate(self._fd, whole)
            if record is None:
                self._append({"gfplab_study": FORMAT, **header})
                _sync_folder(directory)
                record = Record(dict(header))
            self.record = record
        except BaseException:
            self.close()
            raise

    def add(self, trial: Trial) -> None:
        """Put a finished trial on disk; when this returns, no kill can lose it."""
        self._append({"trial": asdict(trial)})
        self.record.trials[trial.number] = trial

    def select(self, trial: Trial) -> None:
        """Put a trial's runs with the seeds of selection on disk."""
        self._append({"selected": asdict(trial)})
        self.record.selected[trial.number] = trial

    def confirm(self, trial: Trial) -> None:
        """Put a trial's runs with fresh seeds on disk."""
        self._append({"confirmed": asdict(trial)})
        self.record.confirmed[trial.number] = trial

    def want(self, trials: int) -> None:
        """Put on disk how many trials there shall be, if that has changed."""
        if self.record.header["wanted"] != trials:
            self._append({"wanted": trials})
            self.record.header["wanted"] = trials

    def close(self) -> None:
        os.close(self._fd)

    def _append(self, line: dict) -> None:
        rest = memoryview(written(line))
        whole = os.fstat(self._fd).st_size
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
            os.fdatasync(self._fd)
        except OSError:
            os.ftruncate(self._fd, whole)
            raise


def written(said: dict) -> bytes:
    """A line of the journal, which ends with the checksum of what stands before it."""
    text = json.dumps(said, separators=(",", ":")).encode()[:-1]
    return text + _SUM + b"%d}\n" % zlib.crc32(text)


def _said(line: bytes) -> dict:
    """What a line says; ValueError if it is not as it was written."""
    text, _, crc = line.rpartition(_SUM)
    if crc != b"%d}" % zlib.crc32(text):
        raise ValueError("checksum")
    return json.loads(text + b"}")


@contextlib.contextmanager
def on_disk(directory: Path) -> Iterator[None]:
    """Around whatever is written into a study's folder: a disk that is full, or that fails, is told in a sentence."""
    try:
        yield
    except OSError as error:
        raise StudyError(
            f"{directory}: cannot be written ({error.strerror or error}); what its {JOURNAL} has is kept:"
            f" see to the disk, then gfplab study resume {directory} goes on"
        ) from None


def read_journal(directory: Path) -> Record:
    """What the journal in `directory` says, without taking or changing anything, also while the study runs."""
    path = directory / JOURNAL
    if not path.is_file():
        raise StudyError(f"{directory}: there is no {JOURNAL} here, so this is not the folder of a study")
    record, _ = _parse(path, path.read_bytes())
    if record is None:
        raise StudyError(f"{path}: the study had not begun yet; run it again with gfplab study run")
    return record


def _parse(path: Path, text: bytes) -> tuple[Record | None, int]:
    """(record, length of the whole lines); the last line may be torn, any other must be right."""
    lines = text.split(b"\n")
    torn_at = len(lines) - 1  # the piece after the last newline: empty, or the line that was being written
    record: Record | None = None
    whole = 0
    for number, line in enumerate(lines[:torn_at], start=1):
        try:
            if record is None:
                record = Record(_header(path, line))
            else:
                _take(record, _said(line))
        except (ValueError, KeyError, TypeError):
            if number == torn_at and number > 1:
                break  # the disk kept the newline of a torn line and lost what stood before it
            if number == 1:
                raise StudyError(f"{path}: this is not the journal of a gfplab study; use another folder") from None
            raise StudyError(
                f"{path}:{number}: this line is damaged, and trials after it depend on it;"
                f" keep the first {number - 1} lines and run gfplab study resume {path.parent}"
            ) from None
        whole += len(line) + 1
    if record is None and lines[torn_at] and not b'{"gfplab_study":'.startswith(lines[torn_at][:16]):
        raise StudyError(f"{path}: this is not the journal of a gfplab study; use another folder")
    return record, whole


def _take(record: Record, said: dict) -> None:
    """One line after the first."""
    if "wanted" in said:
        record.header["wanted"] = int(said["wanted"])
    elif "selected" in said:
        trial = _trial(said["selected"])
        record.selected[trial.number] = trial
    elif "confirmed" in said:
        trial = _trial(said["confirmed"])
        record.confirmed[trial.number] = trial
    else:
        trial = _trial(said["trial"])
        record.trials[trial.number] = trial


def _header(path: Path, line: bytes) -> dict:
    """The first line: whose it is, what format it has, whether it is as it was written."""
    format_ = json.loads(line)["gfplab_study"]
    if format_ != FORMAT:
        raise StudyError(f"{path}: written by another gfplab (format {format_}, this one reads {FORMAT}); use that one")
    try:
        said = _said(line)
    except ValueError:
        raise StudyError(
            f"{path}:1: this line is damaged, and without it nobody knows which study this is; start a new folder with"
            " --out, where runs in the cache are not run again"
        ) from None
    del said["gfplab_study"]
    return said


def _trial(said: dict) -> Trial:
    runs = [(scenario, seed, metrics) for scenario, seed, metrics in said["runs"]]
    return Trial(**{**said, "runs": runs})


def _read(fd: int) -> bytes:
    chunks = []
    os.lseek(fd, 0, os.SEEK_SET)
    while chunk := os.read(fd, 1 << 20):
        chunks.append(chunk)
    return b"".join(chunks)


def _sync_folder(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
