"""`gfplab explain`: the contract of a decision point, or what a plugin does."""

import click


@click.command("explain")
@click.argument("decision")
def cli(decision: str) -> int:
    """Explain DECISION: when it is asked, what it sees and answers, and who answers it. A plugin's name does too."""
    from gfplab.policy.discover import discover
    from gfplab.policy.explain import explain

    click.echo(explain(decision, discover()), nl=False)
    return 0
