"""Which scenarios there are: those below the working directory and those that came with gfplab; what a name means."""

import difflib
from pathlib import Path

from gfplab.errors import ScenarioError


def folders() -> list[Path]:
    """Where scenarios are looked for: below the working directory, then where gfplab is installed or checked out."""
    package = Path(__file__).resolve().parents[1]
    found = [Path("studies/scenarios"), package / "studies" / "scenarios", package.parents[1] / "studies" / "scenarios"]
    return [
        folder
        for place, folder in enumerate(found)
        if folder.is_dir() and folder.resolve() not in [f.resolve() for f in found[:place]]
    ]


def scenario_files() -> dict[str, Path]:
    """Every scenario by its name; a name in the working directory hides the same one that came with gfplab."""
    found: dict[str, Path] = {}
    for folder in reversed(folders()):
        found |= {path.stem: path for path in folder.glob("*.toml")}
    return dict(sorted(found.items()))


def scenario_path(given: str) -> Path:
    """The file that is meant by a path or by the bare name of a scenario."""
    path = Path(given)
    if path.suffix == ".toml" or path.exists() or len(path.parts) > 1:
        return path
    known = scenario_files()
    if given in known:
        return known[given]
    close = difflib.get_close_matches(given, known, n=1)
    hint = f"did you mean {close[0]}?" if close else "write the path of a .toml file, or see `gfplab scenarios`"
    raise ScenarioError(f"{given}: no such scenario; {hint}")
