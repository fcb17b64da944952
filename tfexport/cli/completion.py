"""``tfexport completion``: the script that makes a shell complete commands, options and names."""

from __future__ import annotations

import click

from tfexport.cli.settings import common_options

# click's own has three faults here: it expands a name like ``*`` as a pattern, it puts a space
# after ``x=``, and it offers no files after that.
_BASH = """\
_tfexport_completion() {
    local type value
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain)
                COMPREPLY+=("$value")
                if [[ $value == *= ]]; then compopt -o nospace; fi
                ;;
        esac
    done < <(COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD \\
        _TFEXPORT_COMPLETE=bash_complete "$1" 2>/dev/null)
}
complete -o nosort -o default -F _tfexport_completion tfexport
"""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@common_options
def completion(shell: str) -> None:
    """Print the script that completes commands, options and names in a shell.

    The names are those of the model that is on the command line already: its signatures, inputs
    and variables.

    \b
    bash: eval "$(tfexport completion bash)"        in ~/.bashrc
    zsh:  eval "$(tfexport completion zsh)"         in ~/.zshrc, after compinit
    fish: tfexport completion fish | source         in ~/.config/fish/config.fish
    """
    click.echo(_BASH if shell == "bash" else _source_of_click(shell), nl=False)


def _source_of_click(shell: str) -> str:
    from click.shell_completion import get_completion_class

    root = click.get_current_context().find_root()
    kind = get_completion_class(shell)
    assert kind is not None
    return kind(root.command, {}, "tfexport", "_TFEXPORT_COMPLETE").source()
