"""Editors and the program agree: what the JSON Schema refuses is refused, and a key that is refused it refuses."""

import json
from pathlib import Path

import jsonschema
import pytest
import tomli

from gfplab.cli.main import run_command_line
from gfplab.errors import GfplabError
from gfplab.study.file import read_file
from gfplab.study.schema import keys_page, study_schema
from gfplab.world.scenario import World, load_scenario
from gfplab.world.schema import json_schema

ROOT = Path(__file__).parents[2]
FILES = ROOT / "tests" / "files"
STUDIES = [*sorted((ROOT / "studies").glob("*.toml")), FILES / "study" / "toy.toml"]
SCENARIOS = [*sorted((ROOT / "studies" / "scenarios").glob("*.toml")), *sorted((FILES / "study").glob("[!t]*.toml"))]
STUDY = jsonschema.Draft202012Validator(study_schema())
SCENARIO = jsonschema.Draft202012Validator(json_schema(World, "A scenario"))


def mistakes(validator, text):
    return [error.message for error in validator.iter_errors(tomli.loads(text))]


def named(path):
    return path.stem


@pytest.mark.parametrize("validator", [STUDY, SCENARIO], ids=["study", "scenario"])
def test_both_are_schemas_of_the_draft_that_they_name(validator):
    validator.check_schema(validator.schema)
    assert validator.schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", STUDIES, ids=named)
def test_every_shipped_study_holds_to_the_schema(path):
    assert mistakes(STUDY, path.read_text()) == []


@pytest.mark.parametrize("path", SCENARIOS, ids=named)
def test_every_shipped_scenario_holds_to_the_schema(path):
    assert mistakes(SCENARIO, path.read_text()) == []


@pytest.mark.parametrize("path", sorted((FILES / "bad" / "study").glob("*.toml")), ids=named)
def test_what_is_wrong_in_form_with_a_study_the_schema_refuses(path):
    """And what is not, it accepts: names that do not exist are nothing that an editor could know."""
    text = path.read_text()
    try:
        tables = tomli.loads(text)
    except tomli.TOMLDecodeError:
        return
    try:
        read_file(tables, path.name)
    except GfplabError:
        assert mistakes(STUDY, text)
    else:
        assert mistakes(STUDY, text) == []


@pytest.mark.parametrize("path", sorted((FILES / "bad" / "scenario").glob("*.toml")), ids=named)
def test_a_key_of_a_scenario_that_the_program_refuses_the_schema_refuses(path):
    """Unknown and missing keys, other types, values out of range."""
    said = path.with_suffix(".err").read_text()
    if any(f"{word}" in said for word in ("unknown key", "missing; write", "is not a choice", "has no unit")):
        try:
            tables = tomli.loads(path.read_text())
        except (tomli.TOMLDecodeError, UnicodeDecodeError):
            return
        assert list(SCENARIO.iter_errors(tables)) or "costs" in said


@pytest.mark.parametrize(
    "line",
    [
        "titel = 1",
        "[search.patient]\ntries = { lwo = 1, high = 2 }",
        '[search]\n"patient.tries" = { lwo = 1 }',
        "[search]\ncrypt = { swap0 = { bios = [1, 2] } }",
        '[search]\n"patient.tries" = {}\npatient = { low = 1, hihg = 2 }',
        '[search]\n"patient.tries" = 2026-01-01',
    ],
)
def test_a_key_that_no_table_has_is_refused_by_the_program_and_by_the_schema(line):
    """Wherever it stands; [search] may be cut into tables, and still a misspelt range is none."""
    text = f'title = "t"\nscenarios = ["s"]\n[objectives]\nx = "worst"\n{line}\n'
    if not line.startswith("["):
        text = f"{line}\n{text}"
    with pytest.raises(GfplabError):
        read_file(tomli.loads(text), "t.toml")
    try:
        assert mistakes(STUDY, text)
    except TypeError:  # a date is nothing that JSON has
        assert "2026" in line


@pytest.mark.parametrize(
    "lines",
    [
        "[search.patient]\ntries = { low = 1, high = 2 }\norder = {}",
        "[search]\npatient.tries = [1, 2]\npatient.eager = true",
        '[search.crypt.swap0.bios]\nchoices = [16, 32]\n[search."disk.vda"]\nread = { low = "1ms", high = "2ms" }',
        '[policies.mempool_step]\ndefault = "a"\ntio = ["a", "b"]',
    ],
)
def test_every_way_to_cut_a_study_into_tables_is_accepted_by_both(lines):
    text = f'title = "t"\nscenarios = ["s"]\n[objectives]\nx = "worst"\n{lines}\n'
    try:
        read_file(tomli.loads(text), "t.toml")
    except GfplabError as error:
        assert mistakes(STUDY, text), error
    else:
        assert mistakes(STUDY, text) == []


def test_the_verb_prints_the_schema_and_nothing_else(capsys):
    for what, validator in (("study", STUDY), ("scenario", SCENARIO)):
        assert run_command_line(["schema", what]) == 0
        assert json.loads(capsys.readouterr().out)["properties"] == validator.schema["properties"]


def test_the_page_of_studies_has_every_key():
    """docs/studies.md holds what `gfplab schema study --markdown` prints, as it is."""
    assert keys_page() in (ROOT / "docs" / "studies.md").read_text()


def test_every_scenario_that_holds_to_the_schema_here_also_loads():
    """The schema is no stricter and, for what is shipped, no looser."""
    for path in SCENARIOS:
        load_scenario(path)
