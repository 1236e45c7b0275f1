"""Tables -> a folder of files, and back; every file says where its numbers come from.

Provenance goes into the Parquet metadata, into a leading comment of CSV and Markdown, and always into manifest.json
beside the tables (Arrow and NDJSON have no other place for it). A folder appears whole or not at all.
"""

import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from gfplab.errors import GfplabError
from gfplab.tables.folder import new_folder
from gfplab.tables.frames import Tables
from gfplab.tables.schema import DTYPES, SCHEMA_VERSION

SUFFIXES = {"parquet": ".parquet", "csv": ".csv", "arrow": ".arrow", "ndjson": ".ndjson", "markdown": ".md"}
READABLE = ("parquet", "arrow", "ndjson", "csv")
METADATA_KEY = "gfplab"
COMMENT = "# gfplab: "
LIST_SEPARATOR = ";"


def export(tables: Tables, folder: str | Path, format: str = "parquet") -> Path:
    """Write every table to `folder`, which must not exist yet, and return it."""
    if format not in SUFFIXES:
        raise GfplabError(f"format {format!r}: not a format; write one of {', '.join(SUFFIXES)}")
    provenance = json.dumps(tables.provenance, sort_keys=True)
    with new_folder(folder) as unfinished:
        for name, frame in tables.frames.items():
            _WRITERS[format](frame, unfinished / f"{name}{SUFFIXES[format]}", provenance)
        manifest = {
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            "format": format,
            "tables": {name: {"rows": frame.height, "columns": _types(frame)} for name, frame in tables.frames.items()},
            "provenance": tables.provenance,
        }
        (unfinished / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    return Path(folder)


def read_folder(folder: str | Path) -> Tables:
    """The tables of an exported folder, whatever format it was written in (Markdown cannot be read back)."""
    folder = Path(folder)
    if not folder.is_dir():
        raise GfplabError(f"{folder}: there is no such folder; give one that `gfplab run` or `gfplab export` wrote")
    manifest = _manifest(folder)
    format = manifest["format"]
    if format not in READABLE:
        raise GfplabError(
            f"{folder}: holds {format}, which cannot be read back; export it from the Parquet folder instead"
        )
    try:
        frames = {
            name: _READERS[format](
                folder / f"{name}{SUFFIXES[format]}",
                {column: DTYPES[dtype] for column, dtype in said["columns"].items()},
            )
            for name, said in manifest["tables"].items()
        }
    except (OSError, pl.exceptions.PolarsError) as error:
        raise GfplabError(f"{folder}: a table cannot be read ({error}); run it again or restore the folder") from error
    return Tables(frames, manifest["provenance"])


def _manifest(folder: Path) -> dict:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text())
        found = manifest["provenance"]["schema_version"]
        manifest["format"], manifest["tables"].items()
    except FileNotFoundError:
        raise GfplabError(
            f"{folder}: has no manifest.json, so gfplab did not write it; give a results folder"
        ) from None
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise GfplabError(f"{path}: is not a manifest of gfplab ({error!r}); restore it or run again") from None
    if found != SCHEMA_VERSION:
        raise GfplabError(f"{path}: schema_version is {found}, this gfplab reads {SCHEMA_VERSION}; run it again")
    return manifest


def provenance_in(path: str | Path) -> dict:
    """The provenance that a Parquet, CSV or Markdown file carries inside; Arrow and NDJSON have the manifest's."""
    path = Path(path)
    if path.suffix == ".parquet":
        return json.loads(pl.read_parquet_metadata(path)[METADATA_KEY])
    if path.suffix in (".arrow", ".ndjson"):
        return _manifest(path.parent)["provenance"]
    with path.open() as file:
        line = file.readline().removeprefix("<!-- ").removesuffix(" -->\n")
    return json.loads(line.removeprefix(COMMENT))


def _write_parquet(frame: pl.DataFrame, path: Path, provenance: str) -> None:
    frame.write_parquet(path, metadata={METADATA_KEY: provenance})


def _write_arrow(frame: pl.DataFrame, path: Path, provenance: str) -> None:
    # the Arrow format could carry it in the schema, but Polars 2.1 writes no schema metadata there
    frame.write_ipc(path, compression="zstd")


def _write_ndjson(frame: pl.DataFrame, path: Path, provenance: str) -> None:
    frame.write_ndjson(path)


def _write_csv(frame: pl.DataFrame, path: Path, provenance: str) -> None:
    with path.open("wb") as file:
        file.write(f"{COMMENT}{provenance}\n".encode())
        _flat(frame).write_csv(file)


def _write_markdown(frame: pl.DataFrame, path: Path, provenance: str) -> None:
    frame = _flat(frame)
    with path.open("w") as file:
        file.write(f"<!-- {COMMENT}{provenance} -->\n")
        file.write(f"| {' | '.join(frame.columns)} |\n|{' --- |' * frame.width}\n")
        for row in frame.iter_rows():
            file.write(f"| {' | '.join(_cell(value) for value in row)} |\n")


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists joined to text: neither CSV nor Markdown has lists."""
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    return frame.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join(LIST_SEPARATOR) for name in lists)


def _types(frame: pl.DataFrame) -> dict[str, str]:
    """Columns and their types as the schema names them: CSV and NDJSON could not tell an empty column's type."""
    names = {dtype: name for name, dtype in DTYPES.items()}
    return {column: names[dtype] for column, dtype in frame.schema.items()}


def _read_parquet(path: Path, types: dict) -> pl.DataFrame:
    return pl.read_parquet(path)


def _read_arrow(path: Path, types: dict) -> pl.DataFrame:
    return pl.read_ipc(path)


def _read_ndjson(path: Path, types: dict) -> pl.DataFrame:
    if not path.stat().st_size:
        return pl.DataFrame(schema=types)
    return pl.read_ndjson(path, schema=types)


def _read_csv(path: Path, types: dict) -> pl.DataFrame:
    lists = [column for column, dtype in types.items() if isinstance(dtype, pl.List)]
    flat = types | dict.fromkeys(lists, pl.String)
    frame = pl.read_csv(path, skip_lines=1, schema=flat)
    # CSV writes null and the empty text alike; in our tables an empty text is a value (no pool, no mask)
    texts = [column for column, dtype in flat.items() if dtype == pl.String]
    return frame.with_columns(pl.col(texts).fill_null("")).with_columns(
        pl.col(column).str.split(LIST_SEPARATOR) for column in lists
    )


_WRITERS = {
    "parquet": _write_parquet,
    "arrow": _write_arrow,
    "ndjson": _write_ndjson,
    "csv": _write_csv,
    "markdown": _write_markdown,
}
_READERS = {"parquet": _read_parquet, "arrow": _read_arrow, "ndjson": _read_ndjson, "csv": _read_csv}
