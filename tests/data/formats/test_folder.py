from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.data.feeds import feed, refusal, write
from tfexport.data.feeding import open_feed
from tfexport.data.reading import open_sources
from tfexport.spec import TensorSpec

HOSTILE = ["../escaped", "..", ".", "", "/etc/passwd", "a/b", "a\\b", "nul\0", "A", "a", "x" * 300]


def test_every_output_is_a_file_inside_of_the_folder(tmp_path: Path) -> None:
    specs = [TensorSpec(name, "float32", (None,)) for name in HOSTILE]
    arrays = {name: np.full(2, at, np.float32) for at, name in enumerate(HOSTILE)}
    write(tmp_path / "out", specs, arrays)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    files = list((tmp_path / "out").iterdir())
    assert len({file.name.casefold() for file in files}) == len(HOSTILE)
    assert all(file.is_file() and file.suffix == ".npy" for file in files)
    assert not any(file.name.startswith(".") for file in files)
    read = open_feed(open_sources([str(tmp_path / "out")], specs), specs).read()
    assert all(read[name].tolist() == arrays[name].tolist() for name in HOSTILE)


def test_a_folder_whose_files_are_called_otherwise_is_parts_of_one_input(tmp_path: Path) -> None:
    for number in (1, 2, 10):
        np.save(tmp_path / f"part-{number}.npy", np.array([number]))
    assert feed(tmp_path, "x=None:int64").read()["x"].tolist() == [1, 2, 10]
    np.save(tmp_path / "x.npy", np.array([7]))
    assert feed(tmp_path, "x=None:int64").read()["x"].tolist() == [7]


def test_a_folder_of_other_names_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "c.npy", np.zeros(1))
    np.save(tmp_path / "d.npy", np.zeros(1))
    message = refusal([str(tmp_path)], "a=None", "b=None")
    assert message == f"'{tmp_path}' has none of the inputs a, b. It has: c, d."


def test_a_folder_of_several_formats_or_of_none_is_told(tmp_path: Path) -> None:
    assert refusal([str(tmp_path)], "x=None") == f"The folder '{tmp_path}' has no files."
    np.save(tmp_path / "a.npy", np.zeros(1))
    (tmp_path / "b.csv").write_text("x\n1\n")
    assert refusal([str(tmp_path)], "x=None") == (
        f"'{tmp_path}' has files of several formats ('{tmp_path}/a.npy', '{tmp_path}/b.csv'). "
        "Choose one with a glob."
    )
    (tmp_path / "c.doc").touch()
    assert refusal([str(tmp_path)], "x=None") == (
        f"'{tmp_path}/c.doc' is of no known format. Known are: .npy, .npz, .json, .jsonl, .ndjson, "
        ".csv, .tsv, .parquet, .tfrecord, .tfrecords, .txt, .png, .jpg, .jpeg."
    )
