"""`gfplab plugin package`: a policy as a project of its own, from which a wheel can be built and shared."""

from pathlib import Path

import click


@click.command("package")
@click.argument("plugin", metavar="NAME|FILE")
@click.option(
    "--to", type=click.Path(path_type=Path), help="Folder to write, which must not exist.  [default: gfplab-NAME]"
)
def package(plugin: str, to: Path | None) -> int:
    """Write a project around a policy: pyproject.toml with its entry point, its file, a test, a README."""
    from gfplab.policy.discover import discover, is_file
    from gfplab.policy.package import package_files
    from gfplab.tables.folder import new_folder

    found = discover([plugin] if is_file(plugin) else []).get_plugin(Path(plugin).stem if is_file(plugin) else plugin)
    files = package_files(found)
    folder = to or Path(f"gfplab-{found.name.replace('_', '-')}")
    with new_folder(folder) as unfinished:
        for path, content in files.items():
            (unfinished / path).parent.mkdir(parents=True, exist_ok=True)
            (unfinished / path).write_bytes(content)
    for path in files:
        click.echo(folder / path)
    click.echo(f"build it with: cd {folder} && python -m hatchling build -t wheel")
    if found.origin == "./plugins":
        click.echo(f"once it is installed, remove {found.path}: a name means one plugin")
    return 0
