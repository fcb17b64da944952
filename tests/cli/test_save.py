"""``tfexport save`` as users type it: what it prints, what it writes, how it fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT, Outcome
from tfexport.exporting.request import snake_case
from tfexport.exporting.starting import start_tensorflow

Run = Callable[..., Outcome]

DENSE = "models.custom_dense:CustomDense"


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture
def save(tfexport: Run) -> Run:
    """``tfexport save --quiet``: nothing but errors on stderr."""
    return lambda *arguments: tfexport("save", "--quiet", *arguments)


@pytest.fixture
def write_module(tmp_path: Path) -> Callable[[str], Path]:
    """Write a Python file, to be a target by its path."""

    def write(text: str, name: str = "user_module.py") -> Path:
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


def test_the_directory_is_named_like_the_class(
    save: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.chdir(tmp_path)
    outcome = save(DENSE, "--spec", "None,5")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["custom_dense"]


@pytest.mark.parametrize(
    ("name", "directory"),
    [
        ("CustomDense", "custom_dense"),
        ("MLP", "mlp"),
        ("HTTPServer2", "http_server2"),
        ("make_model", "make_model"),
    ],
)
def test_names_become_snake_case(name: str, directory: str) -> None:
    assert snake_case(name) == directory


def test_arguments_reach_the_class(save: Run, tmp_path: Path) -> None:
    saved = tmp_path / "dense"
    outcome = save(DENSE, "--arg", "7", "--arg", "output_dim=2", "--spec", "None,7", "-o", saved)
    assert outcome.code == 0
    loaded = start_tensorflow().saved_model.load(str(saved))
    assert loaded.signatures["serving_default"].structured_outputs["output_0"].shape[-1] == 2


def test_an_existing_directory_is_kept_without_force_and_replaced_with_it(
    save: Run, tmp_path: Path
) -> None:
    saved = tmp_path / "dense"
    saved.mkdir()
    (saved / "saved_model.pb").write_text("mine")
    (saved / "precious.txt").write_text("mine")
    refused = save(DENSE, "--spec", "None,5", "-o", saved)
    assert refused == Outcome(
        2,
        "",
        f"Error: {saved} exists already. Replace it with --force, or choose another with -o.\n",
    )
    assert (saved / "precious.txt").read_text() == "mine"
    assert save(DENSE, "--spec", "None,5", "-o", saved, "-f").code == 0
    assert not (saved / "precious.txt").exists()
    assert (saved / "saved_model.pb").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["dense"]


USAGE_ERRORS = {
    "no colon": (
        ["models.custom_dense"],
        "'models.custom_dense' is no target. Expected package.module:Attr or "
        "path/to/file.py:Attr. Did you mean 'models:custom_dense'?",
    ),
    "no attribute": (
        ["models.custom_dense:"],
        "'models.custom_dense:' is no target. Expected package.module:Attr or "
        "path/to/file.py:Attr.",
    ),
    "no file": (
        ["nowhere/model.py:Model"],
        "Target 'nowhere/model.py:Model': there is no file 'nowhere/model.py'.",
    ),
    "no Python": (
        ["models/vocabulary.txt:Model"],
        "Target 'models/vocabulary.txt:Model': 'models/vocabulary.txt' is no Python file (*.py).",
    ),
    "module not found, one near": (
        ["models.custom_dens:CustomDense"],
        "No module 'models.custom_dens'. Did you mean 'models.custom_dense'?",
    ),
    "module not found, none near": (
        ["models.zzz:CustomDense"],
        "No module 'zzz' in 'models'.",
    ),
    "package not found, one near": (
        ["model.custom_dense:CustomDense"],
        "No module 'model'. Did you mean 'models'?",
    ),
    "package not found, none near": (
        ["zzz.custom_dense:CustomDense"],
        f"No module 'zzz' here ({ROOT}) or among the installed packages.",
    ),
    "attribute not found, one near": (
        ["models.custom_dense:customdense"],
        "'models.custom_dense' has no 'customdense'. Did you mean 'CustomDense'?",
    ),
    "attribute not found, none near": (
        ["models.mlp:Perceptron"],
        "'models.mlp' has no 'Perceptron'. It has: Dense, MLP.",
    ),
    "a method": (
        ["models.mlp:MLP.__call__"],
        "'models.mlp:MLP.__call__' is a method. Give its class, and the method as a signature: "
        "models.mlp:MLP --signature __call__",
    ),
    "a method that is a tf.function": (
        ["models.encoder:Encoder.encode"],
        "'models.encoder:Encoder.encode' is a method. Give its class, and the method as a "
        "signature: models.encoder:Encoder --signature encode",
    ),
    "a class taken for a module": (
        ["models.custom_dense.CustomDense:CustomDense"],
        "No module 'CustomDense' in 'models.custom_dense'.",
    ),
    "an attribute of a text": (
        ["models.custom_dense:__name__.Model"],
        "'models.custom_dense:__name__' has no 'Model', and nothing else to save.",
    ),
    "no tf.Module": (
        ["models.custom_dense:tf"],
        "An object of type module is no tf.Module: TensorFlow cannot save it.",
    ),
    "missing argument": (
        ["models.mlp:Dense", "--spec", "None,5"],
        "'models.mlp:Dense' needs units. Add: --arg units=VALUE",
    ),
    "unknown argument": (
        [DENSE, "--arg", "width=5"],
        "'models.custom_dense:CustomDense' does not take these --arg: got an unexpected keyword "
        "argument 'width'. It takes: input_dim, output_dim.",
    ),
    "spec that does not parse": (
        [DENSE, "--spec", "None,five"],
        "Spec 'None,five': 'five' is no dimension. Expected [NAME=]DIM,DIM…[:DTYPE], as in "
        "'x=None,5:float32'; 'scalar' for rank 0.",
    ),
    "spec of another rank than the input_signature": (
        [DENSE, "--spec", "None,5,5"],
        "Spec 'x=None,5,5:float32' is not within the input_signature of CustomDense.__call__ "
        "(models/custom_dense.py, line 22), where 'x' is float32 [?, ?].",
    ),
    "spec of another dtype than the input_signature": (
        [DENSE, "--spec", "x=None,5:int32"],
        "Spec 'x=None,5:int32' is not within the input_signature of CustomDense.__call__ "
        "(models/custom_dense.py, line 22), where 'x' is float32 [?, ?].",
    ),
    "spec for no parameter": (
        [DENSE, "--spec", "y=None,5"],
        "Spec 'y=None,5:float32': CustomDense.__call__ has no 'y'. It takes: x.",
    ),
    "one spec too many": (
        [DENSE, "--spec", "None,5", "--spec", "3"],
        "Spec '3:float32' is one too many for CustomDense.__call__. It takes: x.",
    ),
    "two specs for one parameter": (
        [DENSE, "--spec", "x=None,5", "--spec", "x=3,5"],
        "Spec 'x=3,5:float32': 'x' has a spec already.",
    ),
    "a method without its spec": (
        ["models.mlp:MLP"],
        "MLP.__call__ has no spec for 'features'. It takes: features. "
        "This works: tfexport save models.mlp:MLP --spec features=None,4 --output SAVED",
    ),
    "no such method": (
        ["models.encoder:Encoder", "--signature", "encod"],
        "Encoder has no method 'encod'. Did you mean 'encode'?",
    ),
    "nothing to call": (
        ["models.encoder:Encoder", "--spec", "None,4"],
        "Encoder cannot be called. It has: decode, encode. Choose one: --signature decode",
    ),
    "spec for no signature": (
        ["models.encoder:Encoder", "--signature", "encode", "--spec", "decode/None,2"],
        "Spec 'decode/None,2:float32': there is no signature 'decode', only encode.",
    ),
    "spec for one signature among several": (
        [
            "models.encoder:Encoder",
            "--signature",
            "encode",
            "--signature",
            "decode",
            "--spec",
            "1,4",
        ],
        "Spec '1,4:float32' does not say which signature it is for: encode, decode. "
        "Write encode/1,4:float32",
    ),
}


@pytest.mark.parametrize(("arguments", "message"), USAGE_ERRORS.values(), ids=USAGE_ERRORS)
def test_a_mistake_is_one_line_and_writes_nothing(
    save: Run, tmp_path: Path, arguments: list[str], message: str
) -> None:
    saved = tmp_path / "saved"
    outcome = save(*arguments, "-o", saved)
    assert outcome == Outcome(2, "", f"Error: {message.replace('SAVED', str(saved))}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_module_that_fails_while_it_is_imported_shows_the_users_line(
    save: Run, tmp_path: Path, write_module: Callable[[str], Path]
) -> None:
    path = write_module("size = 0\nscale = 1 / size\n")
    outcome = save(f"{path}:Model", "-o", tmp_path / "saved")
    assert outcome == Outcome(
        5,
        "",
        f"Error: Importing user_module.py failed in {path}, line 2, at 'scale = 1 / size': "
        "ZeroDivisionError: division by zero\n",
    )
    assert not (tmp_path / "saved").exists()


def test_a_module_that_misses_another_is_not_taken_for_missing_itself(
    save: Run, write_module: Callable[[str], Path]
) -> None:
    path = write_module("import not_installed_anywhere\n")
    outcome = save(f"{path}:Model")
    assert outcome == Outcome(
        5,
        "",
        f"Error: Importing user_module.py failed in {path}, line 1, at "
        "'import not_installed_anywhere': ModuleNotFoundError: No module named "
        "'not_installed_anywhere'\n",
    )


def test_a_syntax_error_shows_its_line(save: Run, write_module: Callable[[str], Path]) -> None:
    path = write_module("import tensorflow as tf\nclass Model(tf.Module\n    pass\n")
    outcome = save(f"{path}:Model")
    assert outcome == Outcome(
        5,
        "",
        f"Error: Importing user_module.py failed in {path}, line 2, at 'class Model(tf.Module': "
        "SyntaxError: '(' was never closed\n",
    )


def test_a_module_that_exits_is_an_error(save: Run, write_module: Callable[[str], Path]) -> None:
    path = write_module("import sys\nsys.exit(0)\n")
    outcome = save(f"{path}:Model")
    assert outcome == Outcome(
        5,
        "",
        f"Error: Importing user_module.py failed in {path}, line 2, at 'sys.exit(0)': "
        "it exits with sys.exit(0).\n",
    )


def test_a_class_that_fails_to_be_made_shows_the_users_line(
    save: Run, write_module: Callable[[str], Path]
) -> None:
    path = write_module(
        "class Model:\n    def __init__(self, size):\n        self.weights = [0] * size\n"
    )
    outcome = save(f"{path}:Model", "--arg", "big")
    assert outcome == Outcome(
        5,
        "",
        f"Error: Making {path}:Model failed in {path}, line 3, at 'self.weights = [0] * size': "
        "TypeError: can't multiply sequence by non-int of type 'str'\n",
    )


def test_a_spec_that_the_computation_rejects_shows_the_users_line(
    save: Run, tmp_path: Path
) -> None:
    outcome = save(DENSE, "--spec", "None,7", "-o", tmp_path / "saved")
    assert outcome == Outcome(
        5,
        "",
        "Error: Calling CustomDense.__call__ with x float32 [2, 7] failed in "
        "models/custom_dense.py, line 24, at 'return tf.matmul(x, self.kernel) + self.bias': "
        "InvalidArgumentError: Matrix size-incompatible: In[0]: [2,7], In[1]: [5,3]\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_an_object_that_is_no_module_is_refused(
    save: Run, tmp_path: Path, write_module: Callable[[str], Path]
) -> None:
    path = write_module("class Model:\n    def __call__(self, x):\n        return x\n")
    outcome = save(f"{path}:Model", "--spec", "3", "-o", tmp_path / "saved")
    assert outcome == Outcome(
        2,
        "",
        "Error: An object of type Model is no tf.Module: TensorFlow cannot save it. "
        "Derive Model from tf.Module.\n",
    )
