"""`gfplab warmup`: compile once now instead of at the first run."""

import click

from gfplab.cli.progress import progress


@click.command("warmup")
@click.option("--check", is_flag=True, help="Compile the build that checks invariants, too.")
def cli(check: bool) -> int:
    """Compile the simulated kernel into the user's cache: needed once for each version of gfplab, numba and Python."""
    import time

    from gfplab.run import build_kernel

    for checked in (False, True) if check else (False,):
        begin = time.perf_counter()
        with progress("compiling the simulated kernel", quiet=False) as report:
            build_kernel(mode="compiled", check=checked, progress=report)
        which = "check build" if checked else "build"
        click.echo(f"{which} ready in {time.perf_counter() - begin:.1f} s")
    return 0
