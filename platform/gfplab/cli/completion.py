"""`gfplab completion`: the script that lets a shell complete verbs, options and files."""

import click

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def cli(ctx: click.Context, shell: str) -> int:
    """Print the completion script of SHELL.

    \b
    bash:  gfplab completion bash > ~/.local/share/bash-completion/completions/gfplab
    zsh:   gfplab completion zsh > ~/.zfunc/_gfplab     (a folder in $fpath)
    fish:  gfplab completion fish > ~/.config/fish/completions/gfplab.fish
    """
    from click.shell_completion import get_completion_class

    complete = get_completion_class(shell)(ctx.find_root().command, {}, "gfplab", "_GFPLAB_COMPLETE")
    # source() would ask the installed bash for its version; the script is wanted, maybe for another machine
    click.echo(complete.source_template % complete.source_vars())
    return 0
