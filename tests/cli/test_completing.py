"""A shell completes commands, options, and the names of the model on its command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from tests.conftest import Outcome
from tfexport.cli.completing import (
    complete_input,
    complete_output,
    function_names,
    input_names,
    output_names,
)
from tfexport.cli.main import command_line
from tfexport.savedmodel.reader import read_description

Models = Callable[[str], Path]


def complete(*words: object) -> list[str]:
    """What is offered for the last of the words."""
    shell = ShellComplete(command_line, {}, "tfexport", "_TFEXPORT_COMPLETE")
    *before, last = map(str, words)
    return [item.value for item in shell.get_completions(before, last)]


def test_commands_and_options_are_offered() -> None:
    assert complete("ins") == ["inspect"]
    assert complete("inspect", "model", "--va") == ["--variables", "--values"]


def test_a_directory_is_completed_by_the_shell() -> None:
    shell = ShellComplete(command_line, {}, "tfexport", "_TFEXPORT_COMPLETE")
    assert [item.type for item in shell.get_completions(["inspect"], "mo")] == ["dir"]


def test_signatures_are_those_of_the_model(saved_model: Models) -> None:
    directory = saved_model("encoder")
    assert complete("inspect", directory, "--signature", "") == ["decode", "encode"]
    assert complete("inspect", directory, "-s", "en") == ["encode"]


def test_variables_are_those_of_the_model(zoo_model: Models) -> None:
    names = [f"layers.{number}" for number in range(5)]
    assert complete("inspect", zoo_model("sharded"), "--values", "lay") == names


def test_tags_are_those_of_the_model(zoo_model: Models) -> None:
    directory = zoo_model("metagraphs")
    assert complete("inspect", directory, "--tags", "") == ["gpu,serve", "train"]
    words = ("inspect", directory, "--tags", "train", "--signature", "")
    assert complete(*words) == ["train"]


def test_the_directory_may_come_after_other_options(zoo_model: Models) -> None:
    words = ("inspect", "--tags", "train", zoo_model("metagraphs"), "--values", "")
    assert complete(*words) == ["embedding"]


def test_a_home_directory_is_found(zoo_model: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(zoo_model("keras").parent))
    assert complete("inspect", "~/keras", "-s", "") == ["serving_default", "serve"]
    assert complete("inspect", "$HOME/keras", "-s", "serv") == ["serving_default", "serve"]


def test_no_model_has_no_names(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"damaged")
    assert complete("inspect", tmp_path, "--values", "") == []
    assert complete("inspect", tmp_path / "none", "--signature", "") == []
    assert complete("inspect", tmp_path, "--tags", "") == []
    assert complete("inspect", "--values", "") == []


def test_names_that_a_shell_would_obey_are_not_offered(zoo_model: Models) -> None:
    assert complete("inspect", zoo_model("hostile"), "--signature", "") == ["名前"]


def test_inputs_and_outputs_are_offered_for_a_run(saved_model: Models) -> None:
    model = read_description(saved_model("encoder"))
    assert list(input_names(model, "encode")) == ["features="]
    assert list(input_names(model)) == []
    assert list(output_names(model, "decode")) == ["output_0"]
    assert list(function_names(model)) == ["decode", "encode"]
    assert list(input_names(read_description(saved_model("mlp")))) == ["features="]


def test_the_signature_on_the_line_decides_which_inputs_are_meant(saved_model: Models) -> None:
    @click.command()
    @click.argument("directory")
    @click.option("--signature")
    @click.option("--input", shell_complete=complete_input)
    @click.option("--select", shell_complete=complete_output)
    def run() -> None:
        """Stand in for a command with these options."""

    shell = ShellComplete(run, {}, "run", "_RUN_COMPLETE")
    words = [str(saved_model("encoder")), "--signature", "decode"]
    assert [i.value for i in shell.get_completions([*words, "--input"], "")] == ["code="]
    assert [i.value for i in shell.get_completions([*words, "--select"], "out")] == ["output_0"]


@pytest.fixture
def binaries(tmp_path: Path) -> Path:
    script = tmp_path / "tfexport"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -m tfexport "$@"\n')
    script.chmod(0o755)
    return tmp_path


BASH = """
eval "$(tfexport completion bash)"
COMP_WORDS=(tfexport inspect "$1" --signature "$2")
COMP_CWORD=4
_tfexport_completion tfexport 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_completes(binaries: Path, saved_model: Models) -> None:
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    words = ["bash", "--norc", "-c", BASH, "bash", str(saved_model("encoder")), "e"]
    run = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=60)
    assert (run.stdout, run.stderr) == ("encode\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(tfexport: Callable[..., Outcome], shell: str) -> None:
    outcome = tfexport("completion", shell)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert f"_TFEXPORT_COMPLETE={shell}_complete" in outcome.stdout


def test_an_unknown_shell_is_refused(tfexport: Callable[..., Outcome]) -> None:
    outcome = tfexport("completion", "csh")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert "'csh' is not one of 'bash', 'zsh', 'fish'." in outcome.stderr
