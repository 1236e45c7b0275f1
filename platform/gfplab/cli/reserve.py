"""`gfplab reserve`: how large the reserve of a mempool has to be."""

from pathlib import Path

import click

from gfplab.cli import options
from gfplab.cli.output import JSON, print_json
from gfplab.cli.progress import progress


@click.command("reserve")
@click.argument("scenario", type=click.Path())
@click.option(
    "--pool", required=True, metavar="POOL", help="swap0.page_pool, or crypt_bs for the only dm-crypt device."
)
@options.policies("Plugin that takes over the decisions it implements; may be repeated.")
@options.settings()
@click.option("--bound", default="100ms", show_default=True, metavar="TIME", help="Longest stall that will do.")
@options.who("Whose stalls")
@click.option("--seeds", type=click.IntRange(min=1), help="Clean seeds for a size to be safe.  [default: for --chance]")
@click.option("--confidence", type=click.FloatRange(0.5, 0.9999), default=0.95, show_default=True)
@click.option(
    "--chance", type=click.FloatRange(0.001, 0.5), default=0.05, show_default=True, help="Of a stall, that will do."
)
@click.option("--low", type=click.IntRange(min=1), default=1, show_default=True, help="Smallest size to try.")
@click.option("--high", type=click.IntRange(min=1), default=512, show_default=True, help="Largest size to try.")
@options.WORKERS
@options.LOCAL_EXECUTOR
@options.CACHE
@click.option("--chart", type=click.Path(path_type=Path), help="Draw the curve into this .png or .svg file.")
@JSON
def cli(
    scenario,
    pool,
    policies,
    settings,
    bound,
    who,
    seeds,
    confidence,
    chance,
    low,
    high,
    workers,
    executor,
    cache,
    chart,
    as_json,
) -> int:
    """Find the smallest reserve with which SCENARIO never stalls for longer than --bound, and the curve on the way.

    Each size is run with many seeds, and each seed draws another interleaving. The exit code is 0 if a size was found
    and 1 if the largest stalls as well.
    """
    from gfplab.adversary.reserve import Curve, Question, address_of, find_reserve, seeds_needed
    from gfplab.cli.attack import bound_of

    bound_ns = bound_of(bound)
    if low > high:
        raise click.UsageError(f"--low {low} is more than --high {high}; write a smaller --low")
    tables, source, victim, world = _prepared(scenario, policies, settings, cache)
    if chart is not None:
        _refuse_chart(chart)
    count = seeds or seeds_needed(confidence, chance)
    address = address_of(pool, world)
    question = Question(tables, address, bound_ns, who, count, low, high)
    curve = Curve()
    title = f"{Path(source).stem}: {address}, longest stall {_of_whom(who)}"
    try:
        with progress("reserve", quiet=as_json) as report:
            find_reserve(question, victim, workers, curve, report or (lambda *_: None), executor)
    except KeyboardInterrupt:
        if curve.sizes and not as_json:
            _page(title, curve, ["stopped before the answer was known"])
        raise KeyboardInterrupt(f"stopped after {len(curve.sizes)} sizes") from None
    answer = _answer(question, curve, bound, confidence)
    if chart is not None:
        from gfplab.report.reserve import save_curve

        save_curve(title, curve.rows, bound_ns / 1e6, chart)
    if as_json:
        print_json(_document(question, curve, answer, bound_ns, confidence))
    else:
        _page(title, curve, [*answer, *([f"chart in {chart}"] if chart else [])])
    return 0 if curve.answer is not None else 1


def _prepared(scenario: str, policies, settings, cache: bool):
    """The tables with their overrides, where they come from, what runs them, and the World that they are."""
    from gfplab.adversary.probe import Victim
    from gfplab.cli.attack import kept, scenario_tables
    from gfplab.cli.run import split_settings
    from gfplab.policy.discover import discover, is_file
    from gfplab.world.overrides import apply_overrides
    from gfplab.world.scenario import build_world

    tables, source, _ = scenario_tables(scenario)
    plugins = discover(files=[policy for policy in policies if is_file(policy)])
    overrides, tunables = split_settings(settings, plugins)
    build_world(tables, source, overrides)  # so that a mistake in a --set is told as one
    tables = apply_overrides(tables, overrides)
    victim = kept(Victim(policies, plugins, source, tunables), tables, cache)
    return tables, source, victim, build_world(tables, source)


def _refuse_chart(chart: Path) -> None:
    """What would go wrong with the chart is said before the work is done."""
    from gfplab.errors import GfplabError
    from gfplab.report.charts import load_altair

    if chart.suffix not in (".png", ".svg"):
        raise GfplabError(f"--chart {chart}: a chart is a .png or a .svg file; name it so")
    if not chart.parent.is_dir():
        raise GfplabError(f"--chart {chart}: there is no folder {chart.parent}; make it, or name another file")
    load_altair()


def _of_whom(who: str) -> str:
    return {"pool": "inside mempool_alloc()", "worker": "of an I/O worker", "user": "of a user task"}.get(
        who, "of any task"
    )


def _answer(question, curve, bound: str, confidence: float) -> list[str]:
    """What was found, how sure it is, and where more was not better."""
    from gfplab.adversary.reserve import chance_excluded

    said = []
    if curve.answer is None:
        said.append(f"no reserve up to {question.high} keeps every stall within {bound}")
    else:
        left = chance_excluded(confidence, question.seeds)
        said.append(f"smallest safe reserve: {curve.answer}")
        said.append(
            f"{question.seeds} seeds without a longer stall than {bound}: with {confidence:.4g} confidence fewer than "
            f"{left * 100:.2g} % of all seeds have one; no run proves that none has"
        )
    worse = curve.failing_above_safe()
    if worse:
        said.append(
            f"more is not always better here: {', '.join(map(str, worse))} stalled although a smaller one did not; "
            "a size that was not run may stall too"
        )
    elif curve.answer == question.low:
        said.append("it is the smallest that was to be tried, and none above it that was run stalled")
    elif curve.answer is not None:
        said.append("of the sizes that were run all below it stalled and none above it did")
    return said


def _document(question, curve, answer: list[str], bound_ns: int, confidence: float) -> dict:
    from dataclasses import asdict

    return {
        "key": question.address,
        "bound_ns": bound_ns,
        "who": question.who,
        "seeds": question.seeds,
        "confidence": confidence,
        "smallest_safe": curve.answer,
        "not_monotone": curve.failing_above_safe(),
        "sizes": [asdict(size) for size in curve.rows],
        "said": answer,
    }


def _page(title: str, curve, answer: list[str]) -> None:
    from gfplab.report.reserve import reserve_page
    from gfplab.report.tables import print_page

    print_page(reserve_page(title, curve, answer))
