"""Whatever bytes are there: check and diff end in findings, or in an error of one line."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.known_answers import FOLDER
from tests.savedmodel.mutations import mutate_bytes, mutate_message
from tfexport.checking.checker import CheckOptions, check_models
from tfexport.comparing.models import compare_models
from tfexport.errors import TfexportError
from tfexport.render.check import show_check
from tfexport.render.diff import show_diff
from tfexport.render.json import render_json
from tfexport.render.sarif import render_sarif
from tfexport.render.terminal import Terminal
from tfexport.render.text import render_page
from tfexport.savedmodel.parsing import read_saved_model

PB, INDEX = "saved_model.pb", "variables/variables.index"
DATA = "variables/variables.data-00000-of-00001"
MANIFEST = "assets.extra/tfexport/manifest.json"
SAMPLES = "assets.extra/tfexport/samples/serving_default-0.inputs.npz"
SECONDS = 10  # what a single model may take; they have some 20 kB

cases = st.integers(min_value=0)
fuzz = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def models(
    tmp_path_factory: pytest.TempPathFactory, saved_model: Callable[[str], Path]
) -> list[Path]:
    """Copies to damage, of the smaller models there are."""
    folder = tmp_path_factory.mktemp("fuzzing")
    known = [saved_model(name) for name in ("custom_dense", "encoder", "text_classifier")]
    known += sorted(FOLDER.iterdir()) if FOLDER.is_dir() else []
    small = [path for path in known if (path / PB).is_file() and _size_of(path) < 100_000]
    return [Path(shutil.copytree(path, folder / path.name)) for path in small]


def _size_of(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())


class Damage:
    """One file of each model that has it, to be damaged and put back."""

    def __init__(self, models: list[Path], file: str) -> None:
        self.models = [model for model in models if (model / file).exists()]
        self.file = file
        self.originals = [(model / file).read_bytes() for model in self.models]

    def apply(self, seed: int, *, fields: bool = False) -> Iterator[Path]:
        """Give a model whose file is damaged; the original is put back afterwards."""
        rng = random.Random(seed)
        number = rng.randrange(len(self.models))
        original, file = self.originals[number], self.models[number] / self.file
        if fields:
            message = read_saved_model(self.models[number])
            mutate_message(rng, message)
            content = message.SerializeToString()
        else:
            content = mutate_bytes(rng, original, self.originals)
        file.write_bytes(content)
        start = time.process_time()
        try:
            yield self.models[number]
        finally:
            file.write_bytes(original)
        assert time.process_time() - start < SECONDS


def check(directory: Path, **options: Any) -> None:
    """Check a model and show what was found. Anything but findings or a line is a failure."""
    try:
        report = check_models([directory], CheckOptions(**options))
    except TfexportError as error:
        assert "\n" not in str(error)
        return
    for finding in (finding for model in report.models for finding in model.findings):
        assert "\n" not in finding.code
    assert "\x1b" not in render_page(show_check(report, Terminal(80)), Terminal(80))
    render_json("tfexport.check/1", report)
    json.loads(render_sarif(report))


def compare(first: Path, second: Path) -> None:
    try:
        report = compare_models(first, second)
    except TfexportError as error:
        assert "\n" not in str(error)
        return
    assert "\x1b" not in render_page(show_diff(report, Terminal(80)), Terminal(80))
    render_json("tfexport.diff/1", report)


@settings(fuzz, max_examples=300)
@given(cases)
def test_saved_model_pb_with_changed_bytes(models: list[Path], seed: int) -> None:
    for directory in Damage(models, PB).apply(seed):
        check(directory, quick=True)


@settings(fuzz, max_examples=400)
@given(cases)
def test_saved_model_pb_with_changed_fields(models: list[Path], seed: int) -> None:
    for directory in Damage(models, PB).apply(seed, fields=True):
        check(directory, quick=True)


@settings(fuzz, max_examples=300)
@given(cases)
def test_variables_index_with_changed_bytes(models: list[Path], seed: int) -> None:
    for directory in Damage(models, INDEX).apply(seed):
        check(directory, parts=("whole",))


@settings(fuzz, max_examples=100)
@given(cases)
def test_values_with_changed_bytes(models: list[Path], seed: int) -> None:
    for directory in Damage(models, DATA).apply(seed):
        check(directory, parts=("whole",))


@settings(fuzz, max_examples=60)
@given(cases)
def test_a_manifest_with_changed_bytes(models: list[Path], seed: int) -> None:
    for directory in Damage(models, MANIFEST).apply(seed):
        check(directory, parts=("right",))


@settings(fuzz, max_examples=60)
@given(cases)
def test_samples_with_changed_bytes(models: list[Path], seed: int) -> None:
    for directory in Damage(models, SAMPLES).apply(seed):
        check(directory, parts=("right",))


@settings(fuzz, max_examples=200)
@given(cases)
def test_a_damaged_model_against_the_original(
    models: list[Path], tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    for directory in Damage(models, PB).apply(seed, fields=bool(seed % 2)):
        compare(models[0], directory)
        compare(directory, models[0])


@settings(fuzz, max_examples=100)
@given(cases)
def test_damaged_values_against_the_original(models: list[Path], seed: int) -> None:
    for directory in Damage(models, INDEX).apply(seed):
        compare(directory, directory)
        compare(models[0], directory)


def test_damaged_models_are_loaded_in_a_process_of_their_own(
    models: list[Path], tmp_path: Path
) -> None:
    damage = Damage(models, PB)
    for seed in range(24):
        for directory in damage.apply(seed, fields=True):
            shutil.copytree(directory, tmp_path / f"m{seed}")
    found = subprocess.run(
        [sys.executable, "-m", "tfexport", "check", tmp_path, "--json"],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=ROOT,
    )
    assert (found.returncode, found.stderr) == (1, "")
    report = json.loads(found.stdout)
    assert len(report["models"]) == 24
    loaded = [m for m in report["models"] if any("loaded" in p["note"] for p in m["parts"])]
    assert len(loaded) > 5
