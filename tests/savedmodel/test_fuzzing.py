"""Whatever bytes are there: a description or an error of one line, quickly, in little memory."""

from __future__ import annotations

import random
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from google.protobuf.message import DecodeError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.known_answers import FOLDER
from tests.savedmodel.mutations import mutate_bytes, mutate_message
from tfexport.errors import TfexportError
from tfexport.render.description import describe_everything, describe_model
from tfexport.render.json import render_json
from tfexport.render.terminal import Terminal
from tfexport.render.text import render_page
from tfexport.savedmodel.parsing import read_saved_model
from tfexport.savedmodel.reader import read_description

PB, PBTXT, INDEX = "saved_model.pb", "saved_model.pbtxt", "variables/variables.index"
SECONDS, MEGABYTES = 5, 200  # what a single file may take; they have some 20 kB

cases = st.integers(min_value=0)
fuzz = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory,
    saved_model: Callable[[str], Path],
    zoo_model: Callable[[str], Path],
) -> list[Path]:
    """Copies to damage, of the smaller models there are."""
    folder = tmp_path_factory.mktemp("fuzzing")
    known = [saved_model(name) for name in ("custom_dense", "encoder", "text_classifier")]
    known += [zoo_model(name) for name in ("functions", "metagraphs", "sharded", "table")]
    known += sorted(FOLDER.iterdir()) if FOLDER.is_dir() else []
    small = [path for path in known if path.is_dir() and size_of(path) < 100_000]
    return [Path(shutil.copytree(path, folder / path.name)) for path in small]


def size_of(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())


def show_all(directory: Path) -> bool:
    """Read and show a model; gives whether there was one. Anything but a line is a failure."""
    start, before = time.process_time(), peak()
    try:
        description = read_description(directory)
        for page in (describe_model(description), describe_everything(description)):
            assert "\x1b" not in render_page(page, Terminal(80))
        render_json("tfexport.inspect/1", description)
        return True
    except TfexportError as error:
        assert "\n" not in str(error)
        return False
    finally:
        assert time.process_time() - start < SECONDS
        assert peak() - before < MEGABYTES


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Damage:
    """One file of each model, its original content, and what that parses to."""

    def __init__(self, models: list[Path], file: str) -> None:
        self.models = [model for model in models if (model / file).exists()]
        self.file = file
        self.originals = [(model / file).read_bytes() for model in self.models]
        self.messages = [] if file == INDEX else [read_saved_model(m) for m in self.models]

    def try_bytes(self, seed: int) -> bool:
        """Show a model whose file was changed somewhere."""
        rng = random.Random(seed)
        number = rng.randrange(len(self.models))
        return self.show(number, mutate_bytes(rng, self.originals[number], self.originals))

    def try_message(self, seed: int) -> bool:
        """Show a model whose message was changed field by field."""
        rng = random.Random(seed)
        number = rng.randrange(len(self.models))
        message = type(self.messages[number])()
        message.CopyFrom(self.messages[number])
        mutate_message(rng, message)
        return self.show(number, self._write(message))

    def _write(self, message: Any) -> bytes:
        if self.file == PB:
            return bytes(message.SerializeToString())
        try:
            return text_format.MessageToString(message).encode()
        except DecodeError:  # a packed message was damaged: text cannot show it
            return b""

    def show(self, number: int, content: bytes) -> bool:
        """Show a model with other content in its file, and put the original back."""
        file = self.models[number] / self.file
        file.write_bytes(content)
        try:
            return show_all(self.models[number])
        finally:
            file.write_bytes(self.originals[number])


@pytest.fixture(scope="module")
def damaged_pb(models: list[Path]) -> Damage:
    return Damage(models, PB)


@pytest.fixture(scope="module")
def damaged_index(models: list[Path]) -> Damage:
    return Damage(models, INDEX)


@pytest.fixture(scope="module")
def damaged_text(models: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Damage]:
    folder = tmp_path_factory.mktemp("texts")
    copies = []
    for model in models:
        message = read_saved_model(model)
        copy = Path(shutil.copytree(model, folder / model.name))
        (copy / PB).unlink(missing_ok=True)
        (copy / PBTXT).write_text(text_format.MessageToString(message))
        copies.append(copy)
    yield Damage(copies, PBTXT)


@settings(fuzz, max_examples=1500)
@given(cases)
@example(0)
def test_saved_model_pb_with_changed_bytes(damaged_pb: Damage, seed: int) -> None:
    damaged_pb.try_bytes(seed)


@settings(fuzz, max_examples=700)
@given(cases)
def test_saved_model_pb_with_changed_fields(damaged_pb: Damage, seed: int) -> None:
    damaged_pb.try_message(seed)


@settings(fuzz, max_examples=1000)
@given(cases)
def test_variables_index_with_changed_bytes(damaged_index: Damage, seed: int) -> None:
    damaged_index.try_bytes(seed)


@settings(fuzz, max_examples=500)
@given(cases)
def test_pbtxt_with_changed_bytes(damaged_text: Damage, seed: int) -> None:
    damaged_text.try_bytes(seed)


@settings(fuzz, max_examples=300)
@given(cases)
def test_pbtxt_with_changed_fields(damaged_text: Damage, seed: int) -> None:
    damaged_text.try_message(seed)


@settings(fuzz, max_examples=300)
@given(st.binary(max_size=200))
def test_random_bytes(models: list[Path], content: bytes) -> None:
    Damage(models[:1], PB).show(0, content)


def test_the_damage_leaves_some_models_readable(damaged_pb: Damage, damaged_index: Damage) -> None:
    """Else the tests above would try the parser of protobuf, and nothing of this project."""
    assert sum(damaged_pb.try_message(seed) for seed in range(50)) > 25
    assert sum(damaged_index.try_bytes(seed) for seed in range(50)) > 25
