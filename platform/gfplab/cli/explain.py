"""`gfplab explain`: the contract of a decision point, what a plugin does, or the header for policies in C."""

import click


@click.command("explain")
@click.argument("name", metavar="DECISION|PLUGIN|FILE", required=False)
@click.option("--c-header", is_flag=True, help="Print the header for policies in C, with what this plugin keeps.")
@click.option("--markdown", is_flag=True, help="Print all decision points and their contracts as one page.")
def cli(name: str | None, c_header: bool, markdown: bool) -> int:
    """Explain DECISION: when it is asked, what it sees and answers, and who answers it. A plugin's name does too."""
    from pathlib import Path

    from gfplab.policy.discover import discover, is_file
    from gfplab.policy.explain import explain

    if markdown:
        from gfplab.policy.decisions_page import decisions_page

        click.echo(decisions_page(discover()), nl=False)
        return 0
    if c_header:
        from gfplab.policy.c_header import c_header as header

        files = [name] if name and is_file(name) else []
        click.echo(header(discover(files).get_plugin(Path(name).stem if files else name) if name else None), nl=False)
        return 0
    if not name:
        raise click.UsageError("name a decision point or a plugin, for example: gfplab explain mempool_step")
    files = [name] if is_file(name) else []
    click.echo(explain(Path(name).stem if files else name, discover(files)), nl=False)
    return 0
