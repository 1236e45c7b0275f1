"""`gfplab compare`: two or more policies under the same seeds, and what their differences are worth."""

from pathlib import Path

import click

from gfplab.cli import options
from gfplab.cli.output import JSON, default_folder, print_json
from gfplab.cli.progress import progress


@click.command("compare")
@click.argument("scenario", type=click.Path())
@options.policies(
    "Plugins to compare, those that go together joined by +; repeat for each alternative.", "NAME|FILE[+NAME|FILE...]"
)
@click.option("--against", default="stock", show_default=True, help="What the others are compared with.")
@click.option("--seeds", type=click.IntRange(min=1), default=10, show_default=True, help="How many seeds each runs.")
@click.option("--first-seed", type=click.IntRange(min=0), default=1, show_default=True, help="The first of them.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME",
    help="Metric to compare by; may be repeated.  [default: worst_io_stall_ms, psi_full_pct, swapout_kib_s]",
)
@options.settings(", for all")
@options.WORKERS
@options.CACHE
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the tables.  [default: results/compare_<scenario>/<time>]",
)
@JSON
def cli(scenario, policies, against, seeds, first_seed, metrics, settings, workers, cache, out, as_json) -> int:
    """Run policies in SCENARIO with the same seeds and print how they differ.

    Each -p is one alternative: -p neil_mask -p pool_first+linux_4_9 compares both with the stock kernel. Runs are
    compared seed by seed; docs/statistics.md says what the figures mean.
    """
    from gfplab.cli.run import split_settings, warn
    from gfplab.policy.discover import discover
    from gfplab.study.cache import CachedJobs, results_folder
    from gfplab.study.contestants import enter, files_of
    from gfplab.study.ground import OWN_CODE
    from gfplab.study.versus import DEFAULT_METRICS, check_metrics, compare, labels, run_seeds
    from gfplab.tables.export import export
    from gfplab.tables.folder import refuse_existing
    from gfplab.tables.frames import Tables
    from gfplab.tables.job import FileJobs, run_job
    from gfplab.tables.provenance import sources_hash, versions
    from gfplab.tables.schema import SCHEMA_VERSION
    from gfplab.truth.envelope import label_of_plugins
    from gfplab.world.scenario import load_scenario
    from gfplab.world.shipped import scenario_path

    wanted = check_metrics(metrics or DEFAULT_METRICS)
    chosen = labels(policies, against)
    path, files = scenario_path(scenario), files_of(chosen)
    plugins = discover(files=files)
    overrides, tunables = split_settings(settings, plugins)
    entries = enter(path, chosen, overrides, tunables, plugins)
    folder = out or default_folder(f"compare_{path.stem}")
    refuse_existing(folder)
    world = load_scenario(path, overrides)
    used = [label_of_plugins(set(each.job.policies.values()), world.kernel) for each in entries.contestants]
    warnings = warn(world, path.stem, list(dict.fromkeys(used)))

    run = FileJobs(files) if files else run_job
    if cache:
        made_of = {**entries.made_of, OWN_CODE: sources_hash()}
        run = CachedJobs(run, results_folder(), made_of, entries.stock)
    with progress("simulating", quiet=as_json) as report:
        runs = run_seeds(
            entries.contestants, range(first_seed, first_seed + seeds), run, workers, report or (lambda *_: None)
        )
    comparisons = compare(runs, chosen[0], wanted)
    provenance = {
        "schema_version": SCHEMA_VERSION,
        "scenario": path.stem,
        "settings": list(settings),
        "made_of": entries.made_of,
        "warnings": warnings,
        "sources_hash": sources_hash(),
        "versions": versions(),
    }
    tables = Tables({"comparisons": comparisons, "runs": runs}, provenance)
    export(tables, folder)
    return present(tables, folder, as_json)


def present(tables, folder: Path, as_json: bool) -> int:
    """Print the page on a comparison, or its JSON document."""
    from gfplab.report.tables import print_page
    from gfplab.report.versus import versus_page

    scenario, comparisons = tables.provenance["scenario"], tables["comparisons"]
    if as_json:
        print_json(
            {
                "scenario": scenario,
                "out": str(folder),
                "comparisons": comparisons.to_dicts(),
                "runs": tables["runs"].to_dicts(),
                "warnings": tables.provenance["warnings"],
            }
        )
        return 0
    print_page(versus_page(scenario, comparisons))
    click.echo(f"tables in {folder}")
    return 0
