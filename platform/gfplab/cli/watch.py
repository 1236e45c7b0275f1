"""`gfplab watch`: a scenario again whenever its policy is saved, and what the change did."""

import threading
import time
from datetime import datetime

import click

from gfplab.cli import options
from gfplab.errors import GfplabError

POLL_S = 0.05
SETTLE_S = 0.02
PATIENCE_S = 10.0


@click.command("watch")
@click.argument("scenario", type=click.Path())
@options.policies("Policy to watch; may be repeated.")
@options.settings()
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of every run.")
def cli(scenario, policies, settings, seed) -> int:
    """Run SCENARIO again whenever it or the file of a policy is saved, and compare the metrics.

    Each page shows the run without your policies, the run before, and the one just made. A file that is wrong is
    described in a sentence, and watched on. Nothing is written. Ctrl-C ends it.
    """
    from gfplab.cli.quick import start_numba
    from gfplab.world.shipped import scenario_path

    start_numba()
    from gfplab.policy.discover import is_file

    watch = Watch(scenario, policies, settings, seed)
    watch.files.add([scenario_path(scenario), *(policy for policy in policies if is_file(policy))])
    job = watch.start()
    while True:
        time.sleep(POLL_S)
        changed = watch.files.changed()
        if changed:
            time.sleep(SETTLE_S)
            while more := watch.files.changed():  # an editor may empty a file before it fills it
                changed = list(dict.fromkeys([*changed, *more]))
                time.sleep(SETTLE_S)
            click.echo(f"\n{', '.join(changed)} saved")
            job = watch.start()
        elif job.is_alive() and time.monotonic() - watch.began > PATIENCE_S and not watch.warned:
            watch.warned = True
            click.echo(
                f"the run has not ended for {PATIENCE_S:.0f} s; if your policy loops for ever, save it without the loop"
            )


class Watch:
    """The runs so far; each is made in a thread of its own, so that Ctrl-C and the next save are heard."""

    def __init__(self, scenario: str, policies, settings, seed: int):
        from gfplab.debug.watching import Files

        self.scenario, self.policies, self.settings, self.seed = scenario, policies, settings, seed
        self.files = Files([])
        self.last: dict[str, float] = {}
        self.without: dict[str, tuple[str, dict[str, float]]] = {}  # sha256 of a world -> what runs there, its metrics
        self.number = 0
        self.began, self.warned = 0.0, False

    def start(self) -> threading.Thread:
        """Make the next run; one that still goes on is forgotten."""
        self.number += 1
        self.began, self.warned = time.monotonic(), False
        thread = threading.Thread(target=self._attempt, args=(self.number,), daemon=True)
        thread.start()
        return thread

    def _attempt(self, number: int) -> None:
        try:
            lines, metrics = self.page(number)
        except GfplabError as error:
            lines, metrics = [f"gfplab: {error}"], None
        if number == self.number:
            click.echo("\n".join(lines))
            self.last = metrics or self.last

    def page(self, number: int) -> tuple[list[str], dict[str, float]]:
        """Make a run; what is printed about it, and its metrics."""
        from gfplab.cli.run import prepared
        from gfplab.debug.watching import comparison, files_of
        from gfplab.tables.verdict import verdict_of
        from gfplab.truth.envelope import policy_label

        began = time.perf_counter()
        world, chosen = prepared(self.scenario, self.policies, self.settings)
        self.files.add(files_of(world, chosen))
        tables, metrics = self._run(world, chosen)
        seconds, verdict = time.perf_counter() - began, verdict_of(tables)
        if world.sha256() not in self.without:
            _world, stock = prepared(self.scenario, (), [s for s in self.settings if not self._of_a_plugin(s, chosen)])
            self.without[world.sha256()] = policy_label(stock), self._run(world, stock)[1]
        label, without = self.without[world.sha256()]
        runs = {label if label != policy_label(chosen) else f"{label} alone": without}
        runs |= {"last": self.last} if self.last else {}
        head = (
            f"{datetime.now():%H:%M:%S}  run {number}, {policy_label(chosen)}, seed {self.seed}, in {seconds:.2f} s: "
        )
        return [f"{head}{verdict.word}: {verdict.sentence}", *comparison(runs | {"now": metrics})], metrics

    def _run(self, world, policies):
        from gfplab.run import simulate
        from gfplab.tables.metrics import metrics_of, tabulate

        tables = tabulate(simulate(world, policies, self.seed))
        return tables, metrics_of(tables)

    @staticmethod
    def _of_a_plugin(setting: str, chosen) -> bool:
        return setting.partition(".")[0] in {plugin.name for plugin in chosen.plugins()}
