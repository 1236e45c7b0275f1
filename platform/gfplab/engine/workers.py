"""Compiles many units at once in processes of their own (numba holds a lock, threads would not help).

A worker is `python -m gfplab.engine.workers MANIFEST`: it reads an entry per line, compiles it into the cache and
answers with a line of JSON.  A unit is handed out once everything it calls is in the cache.
"""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from gfplab.engine.subset import KernelBuildError

FEW = 8  # a worker takes a second to start: not worth it for fewer units
MOST_WORKERS = 4


def compile_all(loader, entries, manifest, progress):
    """Bring `entries` (callees first) into the cache."""
    nr_workers = min(
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, MOST_WORKERS
    )
    if len(entries) >= FEW and nr_workers > 1 and sys.executable:
        Work(loader, entries, manifest, progress).run(nr_workers)
        loader.look()
    for done, entry in enumerate(entries):
        if loader.units[entry].module not in loader.cached:
            if progress:
                progress(done, len(entries), loader.units[entry].name)
            loader.load(entry)


class Work:
    """The units still to be compiled, shared by the threads that talk to the workers."""

    def __init__(self, loader, entries, manifest, progress):
        self.units, self.todo, self.nr_units = loader.units, list(entries), len(entries)
        self.manifest, self.progress = manifest, progress
        self.running, self.errors, self.changed = set(), [], threading.Condition()

    def run(self, nr_workers):
        threads = [threading.Thread(target=self.drive, daemon=True) for _ in range(nr_workers)]
        for t in threads:
            t.start()
        try:
            for t in threads:
                t.join()
        except BaseException:
            self.errors.append("interrupted")
            raise
        if self.errors:
            raise KernelBuildError(self.errors)

    def take(self):
        """An entry whose callees are all compiled, None when nothing is left to take."""
        with self.changed:
            while self.todo and not self.errors:
                waiting = self.running.union(self.todo)
                for entry in self.todo:
                    if not waiting.intersection(self.units[entry].needs):
                        self.todo.remove(entry)
                        self.running.add(entry)
                        return entry
                self.changed.wait()
            return None

    def finished(self, entry, error):
        with self.changed:
            self.running.discard(entry)
            if error:
                self.errors.append(error)
            if self.progress:
                left = len(self.todo) + len(self.running)
                self.progress(self.nr_units - left, self.nr_units, self.units[entry].name)
            self.changed.notify_all()

    def drive(self):
        """Feed one worker until nothing is left; if it dies, what it had is compiled by the parent."""
        path = os.pathsep.join(p for p in sys.path if p)
        command = [sys.executable, "-m", "gfplab.engine.workers", str(self.manifest)]
        pipe = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        with subprocess.Popen(command, env=dict(os.environ, PYTHONPATH=path), **pipe) as worker:
            while (entry := self.take()) is not None:
                answer = ""
                try:
                    worker.stdin.write(entry + "\n")
                    worker.stdin.flush()
                    answer = worker.stdout.readline()
                finally:
                    self.finished(entry, json.loads(answer) if answer else None)
                if not answer:
                    break
            worker.stdin.close()


def work(manifest):
    """The worker's side."""
    from gfplab.engine.compiled import read_manifest
    from gfplab.engine.loader import Loader

    schema, units = read_manifest(manifest)
    loader = Loader(schema, units, manifest.parent)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        entry = line.strip()
        error = None
        try:
            loader.look()
            loader.load(entry)
        except KernelBuildError as e:
            error = str(e)
        print(json.dumps(error), file=answers, flush=True)


if __name__ == "__main__":
    work(Path(sys.argv[1]))
