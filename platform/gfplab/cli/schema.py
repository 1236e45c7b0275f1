"""`gfplab schema`: the JSON Schema of study and scenario files, for editors that complete and check TOML."""

import click

from gfplab.cli.output import print_json


@click.command("schema")
@click.argument("what", type=click.Choice(["study", "scenario"]))
@click.option("--markdown", is_flag=True, help="Print the keys of a study file as a page instead.")
def cli(what: str, markdown: bool) -> int:
    """Print the JSON Schema (draft 2020-12) of a STUDY or SCENARIO file.

    An editor with a TOML language server reads it from a first line in the file: #:schema study.schema.json
    """
    if markdown:
        if what != "study":
            raise click.UsageError("only a study file has a page of its keys: gfplab schema study --markdown")
        from gfplab.study.schema import keys_page

        click.echo(keys_page(), nl=False)
        return 0
    from gfplab.study.schema import study_schema
    from gfplab.world.scenario import World
    from gfplab.world.schema import json_schema

    print_json(study_schema() if what == "study" else json_schema(World, "A scenario of gfplab"))
    return 0
