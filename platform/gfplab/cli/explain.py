"""`gfplab explain`: the contract of a decision point, or what a plugin does."""

import click


@click.command("explain")
@click.argument("decision")
def cli(decision: str) -> int:
    """Explain DECISION: when it is asked, what it sees, what it answers, and who answers it. A plugin's name does too."""
    from gfplab.policy.discover import discover
    from gfplab.policy.explain import explain, explain_plugin

    plugins = discover()
    click.echo(explain_plugin(decision, plugins) if decision in plugins else explain(decision, plugins))
    return 0
