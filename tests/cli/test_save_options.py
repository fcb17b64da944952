"""The options of ``tfexport save``: what each changes, on stdout, stderr and disk."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import ROOT, Outcome
from tfexport.runtime.model import load_model
from tfexport.savedmodel.reader import read_description

Run = Callable[..., Outcome]

DENSE = "models.custom_dense:CustomDense"


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")


def without_times(text: str) -> str:
    return re.sub(r"\d+\.\d s\)", "N s)", text)


def test_the_steps_are_told_with_their_times(tfexport: Run, tmp_path: Path) -> None:
    outcome = tfexport("save", DENSE, "--spec", "None,5", "-o", tmp_path / "m")
    assert outcome.code == 0
    assert without_times(outcome.stderr) == (
        f"import  {DENSE} (N s)\n"
        "trace   serving_default (N s)\n"
        f"save    {tmp_path / 'm'} (N s)\n"
        "verify  serving_default (N s)\n"
    )


def test_quiet_silences_the_steps(tfexport: Run, tmp_path: Path) -> None:
    outcome = tfexport("save", DENSE, "--spec", "None,5", "-o", tmp_path / "m", "--quiet")
    assert (outcome.code, outcome.stderr) == (0, "")


def test_it_ends_with_what_inspect_prints_what_was_verified_and_the_next_command(
    tfexport: Run, tmp_path: Path
) -> None:
    saved = tfexport("save", DENSE, "--spec", "None,5", "-o", tmp_path / "m")
    inspected = tfexport("inspect", tmp_path / "m")
    file = tmp_path / "m/assets.extra/tfexport/samples/serving_default-0.inputs.npz"
    assert saved.stdout.startswith(inspected.stdout)
    assert re.sub(r"within .* \(relative .*\)", "equal to the module", saved.stdout).endswith(
        "\nVerified\n"
        "  serving_default  equal to the module  x float32 [2, 5] and x float32 [3, 5]\n"
        "\nNext\n"
        f"  tfexport run {tmp_path / 'm'} --input {file}\n"
    )


@pytest.mark.parametrize("target", [DENSE, "models.encoder:Encoder"])
def test_the_next_command_works(target: str, tfexport: Run, tmp_path: Path) -> None:
    saved = tfexport("save", target, "-o", tmp_path / "a model", "--quiet")
    words = shlex.split(saved.stdout.splitlines()[-1])
    assert words[0] == "tfexport"
    ran = tfexport(*words[1:])
    assert (ran.code, ran.stderr) == (0, "")
    assert "output_0" in ran.stdout


def test_json_is_that_of_inspect_and_what_was_verified(tfexport: Run, tmp_path: Path) -> None:
    saved = tfexport("save", DENSE, "--spec", "None,5", "-o", tmp_path / "m", "--json")
    inspected = tfexport("inspect", tmp_path / "m", "--json")
    document: dict[str, Any] = json.loads(saved.stdout)
    assert document.pop("schema") == "tfexport.save/1"
    assert document.pop("notes") == []
    (verified,) = document.pop("verified")
    assert (verified["signature"], verified["random"], len(verified["calls"])) == (
        "serving_default",
        False,
        2,
    )
    assert {"schema": "tfexport.inspect/1", **document} == json.loads(inspected.stdout)


def weights_of(directory: Path) -> dict[str, Any]:
    from tfexport.exporting.starting import start_tensorflow

    reader = start_tensorflow().train.load_checkpoint(str(directory / "variables" / "variables"))
    names = [name for name in reader.get_variable_to_shape_map() if "ATTRIBUTES" in name]
    return {name: reader.get_tensor(name).tolist() for name in names}


@pytest.mark.parametrize("target", [DENSE, "models.mlp:MLP"])
def test_one_seed_gives_the_same_weights_each_time(
    target: str, tfexport: Run, tmp_path: Path
) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        options = ["--spec", "None,5", "-q", "--seed", seed, "-o", tmp_path / name]
        assert tfexport("save", target, *options).code == 0
    assert weights_of(tmp_path / "a") == weights_of(tmp_path / "b") != weights_of(tmp_path / "c")


def test_next_version_counts_up(tfexport: Run, tmp_path: Path) -> None:
    options = ["--spec", "None,5", "-q", "-o", tmp_path / "dense", "--next-version"]
    assert tfexport("save", DENSE, *options).code == 0
    second = tfexport("save", DENSE, *options, "--json")
    assert second.code == 0
    assert json.loads(second.stdout)["directory"] == str(tmp_path / "dense" / "2")
    assert read_description(tmp_path / "dense").version == 2


def test_force_and_next_version_exclude_each_other(tfexport: Run) -> None:
    assert tfexport("save", DENSE, "--force", "--next-version") == Outcome(
        2,
        "",
        "Error: --force replaces a version, --next-version adds one: choose one of them.\n",
    )


def test_extra_files_travel_with_the_model(tfexport: Run, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("kind\nunkind\n")
    options = ["--spec", "None,5", "-q", "--extra", tmp_path / "labels.txt", "-o", tmp_path / "m"]
    assert tfexport("save", DENSE, *options).code == 0
    assert (tmp_path / "m/assets.extra/labels.txt").read_text() == "kind\nunkind\n"


def test_output_names_constants_and_samples_reach_the_signature(
    tfexport: Run, tmp_path: Path
) -> None:
    source = tmp_path / "scaling.py"
    source.write_text(
        "import tensorflow as tf\n\n\n"
        "class Scaling(tf.Module):\n"
        "    def scale(self, x, *, factor):\n"
        "        return x * factor\n"
    )
    np.save(tmp_path / "x.npy", np.float32([[1, 2], [3, 4], [5, 6]]))
    options = ["--signature", "scale", "--spec", "None,2", "--const", "factor=3"]
    options += ["--output-name", "scaled", "--sample", str(tmp_path / "x.npy"), "--json"]
    outcome = tfexport("save", f"{source}:Scaling", *options, "-o", tmp_path / "m", "-q")
    calls = json.loads(outcome.stdout)["verified"][0]["calls"]
    assert [call[0]["shape"] for call in calls] == [[3, 2], [1, 2]]
    with load_model(tmp_path / "m") as model:
        assert model(np.float32([[1, 2]]))["scaled"].tolist() == [[3, 6]]


def test_what_the_users_code_prints_is_no_result(tfexport: Run, tmp_path: Path) -> None:
    source = tmp_path / "printing.py"
    source.write_text(
        "import tensorflow as tf\n\n\n"
        "class Printing(tf.Module):\n"
        "    def __call__(self, x):\n"
        "        print('called')\n"
        "        return x\n\n\n"
        "print('imported')\n"
    )
    options = ["--spec", "3", "-o", tmp_path / "m", "-q", "--json"]
    outcome = tfexport("save", f"{source}:Printing", *options)
    assert json.loads(outcome.stdout)["name"] == "m"
    assert set(outcome.stderr.splitlines()) == {"imported", "called"}


def test_a_bare_function_is_a_target(tfexport: Run, tmp_path: Path) -> None:
    source = tmp_path / "functions.py"
    source.write_text(
        "import tensorflow as tf\n\n"
        "weight = tf.Variable(2.0)\n\n\n"
        "@tf.function\n"
        "def predict(x):\n"
        "    return {'y': x * weight}\n"
    )
    outcome = tfexport("save", f"{source}:predict", "--spec", "None", "-o", tmp_path / "m", "-q")
    assert outcome.code == 0
    with load_model(tmp_path / "m") as model:
        assert model(np.float32([3]))["y"].tolist() == [6]


def test_the_source_in_the_manifest_is_the_file_of_the_factory(
    tfexport: Run, tmp_path: Path
) -> None:
    pytest.importorskip("keras")
    source = tmp_path / "train.py"
    source.write_text(
        "import keras\n\n\n"
        "def make():\n"
        "    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(2)])\n"
    )
    assert tfexport("save", f"{source}:make", "-o", tmp_path / "m", "-q").code == 0
    manifest = json.loads((tmp_path / "m/assets.extra/tfexport/manifest.json").read_text())
    assert manifest["source"] == {
        "file": "train.py",
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
    }


def test_a_factory_is_a_target(tfexport: Run, tmp_path: Path) -> None:
    source = tmp_path / "factories.py"
    source.write_text(
        "from models.custom_dense import CustomDense\n\n\n"
        "class Outer:\n"
        "    @staticmethod\n"
        "    def make(width):\n"
        "        return CustomDense(width, 1)\n\n\n"
        "def forget():\n"
        "    CustomDense()\n"
    )
    made = tfexport(
        "save", f"{source}:Outer.make", "--arg", "4", "--spec", "2,4", "-o", tmp_path / "m", "-q"
    )
    assert made.code == 0
    assert tfexport("save", f"{source}:forget", "-o", tmp_path / "n", "-q") == Outcome(
        2,
        "",
        f"Error: '{source}:forget' returned None. A factory returns the module to save.\n",
    )


def test_a_recipe_is_printed_from_a_command_line_and_saves_the_same(
    tfexport: Run, tmp_path: Path
) -> None:
    options = ["--spec", "None,5", "--seed", 3, "-o", tmp_path / "m", "--no-samples"]
    printed = tfexport("save", DENSE, *options, "--print-recipe")
    assert printed == Outcome(
        0,
        "[[export]]\n"
        f'target = "{DENSE}"\n'
        f'output = "{tmp_path / "m"}"\n'
        'spec = ["None,5"]\n'
        "seed = 3\n"
        "no-samples = true\n",
        "",
    )
    assert not (tmp_path / "m").exists()
    (tmp_path / "recipe.toml").write_text(printed.stdout)
    assert tfexport("save", "--recipe", tmp_path / "recipe.toml", "-q").code == 0
    assert read_description(tmp_path / "m").signatures[0].inputs[0].shape == (None, 5)
    assert not (tmp_path / "m/assets.extra/tfexport/samples").exists()


def test_a_recipe_holds_several_exports_and_is_checked_before_the_first(
    tfexport: Run, tmp_path: Path
) -> None:
    tables = [
        f'[[export]]\ntarget = "{target}"\noutput = "{tmp_path / name}"\nno-verify = true\n'
        for target, name in (("models.counter:Counter", "a"), ("models.encoder:Encoder", "b"))
    ]
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("".join(tables))
    assert tfexport("save", "--recipe", recipe, "-q").code == 0
    assert (tmp_path / "a").is_dir() and (tmp_path / "b").is_dir()
    again = tfexport("save", "--recipe", recipe, "-q")
    assert again.stderr == (
        f"Error: {tmp_path / 'a'} exists already. Replace it with --force, or choose another "
        "with -o.\n"
    )
    assert tfexport("save", "--recipe", recipe, "-q", "--force").code == 0


OPTION_ERRORS = {
    "no target": ([], "Missing argument 'TARGET'. See 'tfexport save --help'."),
    "recipe and target": (
        [DENSE, "--recipe", "r.toml"],
        f"--recipe holds the whole export; leave out {DENSE}. See 'tfexport save --help'.",
    ),
    "recipe and option": (
        ["--recipe", "r.toml", "--spec", "3"],
        "--recipe holds the whole export; leave out --spec. See 'tfexport save --help'.",
    ),
    "recipe and an option of 0": (
        ["--recipe", "r.toml", "--seed", "0"],
        "--recipe holds the whole export; leave out --seed. See 'tfexport save --help'.",
    ),
    "recipe to save and to print": (
        ["--recipe", "r.toml", "--print-recipe"],
        "--recipe holds the whole export; leave out --print-recipe. See 'tfexport save --help'.",
    ),
    "constant": (
        [DENSE, "--const", "training"],
        "Constant 'training': expected NAME=VALUE, as in 'training=False'.",
    ),
    "constant's name": (
        [DENSE, "--const", "a b=1"],
        "Constant 'a b=1': 'a b' is no parameter's name.",
    ),
    "signature": (
        [DENSE, "--signature", "serve="],
        "Signature 'serve=': expected [NAME=]METHOD, as in 'encode'.",
    ),
    "tolerance": (
        [DENSE, "--tolerance", "-1"],
        "--tolerance is -1.0: expected a number from 0 on.",
    ),
    "ragged without a ragged dimension": (
        [DENSE, "--spec", "None,3:ragged"],
        "Spec 'None,3:ragged': no dimension after the first is ragged. "
        "Write it as None, as in 'None,None:float32:ragged'.",
    ),
    "sparse without a rank": (
        [DENSE, "--spec", "unknown:sparse"],
        "Spec 'unknown:sparse': a sparse tensor needs a rank, as in 'None,None:sparse'.",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), OPTION_ERRORS.values(), ids=OPTION_ERRORS)
def test_an_option_that_does_not_parse_is_one_line(
    arguments: list[str], message: str, tfexport: Run
) -> None:
    assert tfexport("save", *arguments) == Outcome(2, "", f"Error: {message}\n")


EXTRA_ERRORS = {
    "missing": ("missing.txt", 4, "There is no file '{path}' to put into assets.extra."),
    "reserved": ("tfexport", 2, "'tfexport' is a name that tfexport itself writes."),
}


@pytest.mark.parametrize(("name", "code", "message"), EXTRA_ERRORS.values(), ids=EXTRA_ERRORS)
def test_an_extra_file_that_cannot_be_added_is_one_line(
    name: str, code: int, message: str, tfexport: Run, tmp_path: Path
) -> None:
    (tmp_path / "tfexport").touch()
    path = tmp_path / name
    outcome = tfexport("save", DENSE, "--extra", path)
    assert outcome == Outcome(code, "", f"Error: {message.format(path=path)}\n")


UNREADABLE = Path("/proc/self/mem")  # even for root: nothing lies at its start


@pytest.mark.skipif(not UNREADABLE.is_file(), reason="needs Linux's /proc")
def test_a_file_that_cannot_be_read_is_not_taken_for_the_destination(
    tfexport: Run, tmp_path: Path
) -> None:
    pytest.importorskip("safetensors")
    weights = tmp_path / "w.safetensors"
    weights.symlink_to(UNREADABLE)
    for option, file, reason in (
        ("--extra", UNREADABLE, "Input/output error"),
        ("--weights", weights, "No such device (os error 19)"),
    ):
        outcome = tfexport("save", DENSE, "--spec", "2,5", "-q", "-o", tmp_path / "m", option, file)
        assert outcome == Outcome(4, "", f"Error: Cannot read '{file}': {reason}.\n")
    assert not (tmp_path / "m").exists()


def test_it_is_told_where_only_some_dimensions_had_two_sizes(tfexport: Run, tmp_path: Path) -> None:
    source = tmp_path / "narrow.py"
    source.write_text(
        "import tensorflow as tf\n\n\n"
        "class Narrow(tf.Module):\n"
        "    def __call__(self, x):\n"
        "        return tf.ensure_shape(x, [None, 2])\n"
    )
    options = ["--spec", "None,None", "-q", "-o", tmp_path / "m"]
    assert (
        "  serving_default  equal to the module, at one size of some dimensions  "
        "x float32 [2, 2] and x float32 [3, 2]\n"
    ) in tfexport("save", f"{source}:Narrow", *options).stdout


def test_a_time_that_is_none_is_one_line(
    tfexport: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    outcome = tfexport("save", DENSE, "--spec", "2,5", "-q", "-o", tmp_path / "m")
    assert outcome == Outcome(
        2, "", "Error: SOURCE_DATE_EPOCH is 'yesterday': expected seconds since 1970.\n"
    )


EXAMPLES = {
    "layers that are made when they are called": ("models.mlp:MLP", [], "--spec features=None,4"),
    "a kernel of a known size": ("source:Kernel", [], "--spec x=None,7"),
    "a text": ("source:Text", [], "--spec x=None:string"),
    "two tensors and a flag": (
        "source:Flagged",
        ["--spec", "offset=3"],
        "--spec offset=3 --spec x=scalar --const training=False",
    ),
}

SOURCE = """
import tensorflow as tf


class Kernel(tf.Module):
    def __init__(self):
        self.kernel = tf.Variable(tf.zeros([7, 2]))

    def __call__(self, x):
        return x @ self.kernel


class Text(tf.Module):
    def __call__(self, x):
        return tf.strings.length(x)


class Flagged(tf.Module):
    def __call__(self, x, offset, training: bool):
        tf.debugging.assert_rank(x, 0)
        return x + offset if training else x


class Both(tf.Module):
    def __init__(self):
        self.kernel = tf.Variable(tf.zeros([7, 2]))

    def rows(self, x):
        return x @ self.kernel

    def length(self, text):
        return tf.strings.length(text)


class Unlikely(tf.Module):
    def __call__(self, x):
        return tf.ensure_shape(x, [3, 1, 4, 1, 5])
"""


@pytest.mark.parametrize(("target", "given", "added"), EXAMPLES.values(), ids=EXAMPLES)
def test_a_missing_spec_is_told_with_a_command_that_works(
    target: str, given: list[str], added: str, tfexport: Run, tmp_path: Path
) -> None:
    (tmp_path / "source.py").write_text(SOURCE)
    target = target.replace("source:", f"{tmp_path / 'source.py'}:")
    outcome = tfexport("save", target, *given, "-q", "-o", tmp_path / "m")
    command = f"tfexport save {target} {added} --output {tmp_path / 'm'}"
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr.endswith(f" This works: {command}\n")
    assert tfexport(*shlex.split(command)[1:], "-q").code == 0


def test_a_missing_spec_is_told_with_all_that_the_user_wrote(tfexport: Run, tmp_path: Path) -> None:
    source, saved = tmp_path / "source.py", tmp_path / "models"
    source.write_text(SOURCE)
    target = f"{source}:Flagged"
    given = f"--spec offset=3 --output-name sum --extra {source} --output {saved} --seed 0"
    given += " --tolerance 0.5 --next-version --warmup --no-samples"
    outcome = tfexport("save", target, *shlex.split(given), "-q")
    command = outcome.stderr.rstrip("\n").partition(" This works: ")[2]
    assert command == f"tfexport save {target} " + given.replace(
        " --output-name sum", " --spec x=scalar --const training=False --output-name sum"
    )
    assert tfexport(*shlex.split(command)[1:], "-q").code == 0
    assert [path.name for path in saved.iterdir()] == ["1"]


def test_all_methods_that_lack_a_spec_are_told_together(tfexport: Run, tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text(SOURCE)
    options = ["--signature", "rows", "--signature", "length", "--output", str(tmp_path / "m")]
    outcome = tfexport("save", f"{source}:Both", *options, "-q")
    command = (
        f"tfexport save {source}:Both --signature rows --signature length "
        f"--spec rows/x=None,7 --spec length/text=None:string --output {tmp_path / 'm'}"
    )
    assert outcome == Outcome(
        2,
        "",
        "Error: Both.rows has no spec for 'x'. It takes: x. "
        "Both.length has no spec for 'text'. It takes: text. "
        f"This works: {command}\n",
    )
    assert tfexport(*shlex.split(command)[1:], "-q").code == 0


def test_a_command_that_reads_files_is_not_said_to_work(tfexport: Run, tmp_path: Path) -> None:
    source, weights = tmp_path / "source.py", tmp_path / "w.npz"
    source.write_text(SOURCE)
    np.savez(weights, other=np.zeros(3))
    outcome = tfexport("save", f"{source}:Kernel", "--weights", weights, "-q")
    assert outcome.stderr == (
        "Error: Kernel.__call__ has no spec for 'x'. It takes: x. For example, with your shapes: "
        f"tfexport save {source}:Kernel --spec x=None,7 --weights {weights}\n"
    )


def test_a_missing_spec_that_cannot_be_guessed_is_left_to_the_user(
    tfexport: Run, tmp_path: Path
) -> None:
    source = tmp_path / "source.py"
    source.write_text(SOURCE)
    assert tfexport("save", f"{source}:Unlikely", "-q", "-o", tmp_path / "m") == Outcome(
        2,
        "",
        "Error: Unlikely.__call__ has no spec for 'x'. It takes: x. For example, with your "
        f"shapes: tfexport save {source}:Unlikely --spec x=SHAPE --output {tmp_path / 'm'}\n",
    )
