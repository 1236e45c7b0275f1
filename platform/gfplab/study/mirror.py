"""Optuna's journal file of a study, for optuna-dashboard and for `optuna.load_study`.

It is written from our own journal and never read back by a search; whatever is wrong with it, it is made again.  Only
finished trials go in, so a killed study leaves no RUNNING ones behind.
"""

import copy
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial

from gfplab.study.sampling import Sampling

FILE = "optuna.journal"


class Mirror:
    """The journal file, brought up to date with a study whenever `update` is called."""

    def __init__(self, directory: Path, title: str, sampling: Sampling, recorded: int):
        self._sampling = sampling
        path = directory / FILE
        # store.py holds the folder, so a lock left here belongs to nobody; Optuna would wait 30 s for it.
        (directory / f"{FILE}.lock").unlink(missing_ok=True)
        if not _whole(path):
            path.unlink(missing_ok=True)
        self._study = _open(path, title, sampling)
        if len(self._study.get_trials(deepcopy=False)) > recorded:
            path.unlink()
            self._study = _open(path, title, sampling)

    def update(self) -> None:
        """Add the trials that have finished since."""
        for trial in self._sampling.frozen(len(self._study.get_trials(deepcopy=False))):
            self._study.add_trial(_with_violations(trial))


def _with_violations(trial: FrozenTrial) -> FrozenTrial:
    """The trial with its constraints said twice: by name, and as the list that optuna-dashboard looks for."""
    shown = copy.copy(trial)
    if trial.constraints:
        shown.system_attrs = {**trial.system_attrs, "constraints": list(trial.constraints.values())}
    return shown


def _open(path: Path, title: str, sampling: Sampling) -> optuna.Study:
    try:
        storage = JournalStorage(JournalFileBackend(str(path)))
        return optuna.create_study(
            storage=storage, study_name=title, directions=sampling.directions, load_if_exists=True
        )
    except Exception:  # Optuna tells a damaged file by whatever it stumbles over
        if not path.exists():
            raise
        path.unlink()
        return _open(path, title, sampling)


def _whole(path: Path) -> bool:
    """Whether the file ends with a whole line: what Optuna appends to a torn one is lost."""
    text = path.read_bytes() if path.is_file() else b""
    return not text or text.endswith(b"\n")
