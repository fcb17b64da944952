from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.data.feeds import feed, refusal
from tfexport.data.formats.image import Layout, find_layout
from tfexport.errors import InputDataError, UsageError
from tfexport.spec import parse_spec

Image = pytest.importorskip("PIL.Image")

PIXELS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [51, 102, 153]]], np.uint8)


def save(path: Path, pixels: np.ndarray = PIXELS, mode: str | None = None) -> Path:
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(path)
    return path


@pytest.mark.parametrize(
    "spec", ["x=None,None,None,3:uint8", "x=None,2,2,3:int32", "x=unknown:uint8"]
)
def test_integers_get_the_pixels_as_they_are(tmp_path: Path, spec: str) -> None:
    pixels = feed(save(tmp_path / "a.png"), spec).read()["x"]
    assert pixels.tolist() == [PIXELS.tolist()]


def test_floats_are_scaled_to_0_1(tmp_path: Path) -> None:
    pixels = feed(save(tmp_path / "a.png"), "x=None,None,None,3").read()["x"]
    assert pixels.dtype == np.float32
    assert np.allclose(pixels, PIXELS[np.newaxis] / 255)


def test_channels_may_come_first_and_a_batch_may_be_missing(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png")
    first = feed(path, "x=None,3,None,None:uint8").read()["x"]
    assert first.tolist() == [np.moveaxis(PIXELS, 2, 0).tolist()]
    assert feed(path, "x=None,None,3:uint8").read()["x"].tolist() == PIXELS.tolist()
    assert feed(path, "x=3,None,None:uint8").read()["x"].shape == (3, 2, 2)
    assert feed(path, "x=None,None:uint8").read()["x"].shape == (2, 2)
    assert feed(path, "x=None,2,2:uint8").read()["x"].shape == (1, 2, 2)


def test_channels_are_made_as_many_as_the_shape_says(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png")
    assert feed(path, "x=None,None,None,1:uint8").read()["x"].shape == (1, 2, 2, 1)
    opaque = feed(path, "x=None,None,None,4:uint8").read()["x"]
    assert opaque[0, :, :, 3].tolist() == [[255, 255], [255, 255]]
    save(tmp_path / "palette.png", mode="P")
    assert feed(tmp_path / "palette.png", "x=unknown:uint8").read()["x"].shape == (1, 2, 2, 3)
    save(tmp_path / "grey.png", mode="L")
    assert feed(tmp_path / "grey.png", "x=unknown:uint8").read()["x"].shape == (1, 2, 2, 1)
    save(tmp_path / "alpha.png", mode="RGBA")
    assert feed(tmp_path / "alpha.png", "x=unknown:uint8").read()["x"].shape == (1, 2, 2, 4)


def test_an_image_is_resized_where_the_shape_fixes_height_and_width(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", np.full((6, 4, 3), 7, np.uint8))
    streamed = feed(path, "x=None,3,5,3:uint8")
    assert streamed.read()["x"].tolist() == np.full((1, 3, 5, 3), 7).tolist()
    assert streamed.notes == (f"{path}: resized to 5x3, RGB",)
    assert feed(path, "x=None,None,None,3").notes == (f"{path}: RGB, scaled to 0..1",)
    assert feed(path, "x=None,None,None,None:uint8").notes == ()


def test_sixteen_bits_are_kept(tmp_path: Path) -> None:
    deep = np.array([[0, 65535], [257, 514]], np.uint16)
    path = save(tmp_path / "deep.png", deep)
    assert feed(path, "x=None,None,None,1:uint16").read()["x"][0, :, :, 0].tolist() == deep.tolist()
    assert feed(path, "x=None,None,None,1:uint8").read()["x"].ravel().tolist() == [0, 255, 1, 2]
    assert feed(path, "x=None,None,None,3").read()["x"].max() == 1.0
    assert feed(path, "x=None,None,None,4:uint16").read()["x"][0, 0, 0].tolist() == [0, 0, 0, 65535]


def test_many_images_are_rows_in_natural_order(tmp_path: Path) -> None:
    for number in (2, 10, 1):
        save(tmp_path / f"{number}.png", np.full((2, 2, 3), number, np.uint8))
    streamed = feed(tmp_path, "x=None,2,2,3:uint8")
    assert streamed.rows == 3
    assert [batch["x"][:, 0, 0, 0].tolist() for batch in streamed.batches(2)] == [[1, 2], [10]]


def test_a_string_input_gets_the_bytes_of_the_file(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg")
    data = path.read_bytes()
    assert feed(path, "x=scalar:string").read()["x"].tolist() == data
    assert feed(path, "x=None:string").read()["x"].tolist() == [data]
    (tmp_path / "b.jpg").write_bytes(data)
    assert feed(tmp_path, "x=None,1:string").read()["x"].tolist() == [[data], [data]]


def test_an_image_comes_through_stdin(tmp_path: Path) -> None:
    data = save(tmp_path / "a.png").read_bytes()
    assert feed("-", "x=None,2,2,3:uint8", stdin=data).read()["x"].tolist() == [PIXELS.tolist()]


@pytest.mark.parametrize(
    ("spec", "layout"),
    [
        ("None,224,224,3", Layout(True, 224, 224, 3)),
        ("None,3,224,224", Layout(True, 224, 224, 3, channels_first=True)),
        ("1,1,28,28", Layout(True, 28, 28, 1, channels_first=True)),
        ("None,28,28,1", Layout(True, 28, 28, 1)),
        ("None,28,28", Layout(True, 28, 28, 0)),
        ("1,28,28", Layout(True, 28, 28, 0)),
        ("None,None,None", Layout(False, None, None, None)),
        ("28,28", Layout(False, 28, 28, 0)),
        ("unknown", Layout(True, None, None, None)),
    ],
)
def test_the_axes_are_told_by_the_shape(spec: str, layout: Layout) -> None:
    assert find_layout(parse_spec(spec), "a.png") == layout


def test_what_takes_no_image_is_told(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png")
    assert refusal(path, "x=None") == (
        "'a.png' is an image, and input 'x' takes float32 [?]. An image needs height and width."
    )
    assert refusal(path, "x=None,None,None,7:uint8") == (
        "'a.png' is an image, and no image has 7 channels. It has 1, 3 or 4."
    )
    save(tmp_path / "b.png")
    assert refusal(tmp_path / "*.png", "x=2,2,3:uint8") == (
        "'*.png' has 2 images, and input 'x' takes one (uint8 [2, 2, 3])."
    )
    save(tmp_path / "b.png", np.zeros((3, 3, 3), np.uint8))
    assert refusal(tmp_path / "*.png", "x=None,None,None,3:uint8") == (
        "'b.png' is [3, 3, 3], and 'a.png' is [2, 2, 3], which make no batch. Use --batch-size 1."
    )


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n and then nothing"])
def test_a_damaged_image_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert refusal(tmp_path / "a.png", "x=None,None,None,3") == (
        "'a.png' is no readable image: Pillow knows no such format."
    )


def test_an_image_that_ends_early_is_one_line(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (50, 50, 3), np.uint8)
    path = save(tmp_path / "a.png", noise)
    path.write_bytes(path.read_bytes()[:3000])
    assert refusal(path, "x=None,None,None,3").startswith("'a.png' is no readable image: ")


def test_an_image_that_unpacks_to_gigabytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3)
    assert "decompression bomb" in refusal(path, "x=None,None,None,3")


def test_without_pillow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.png")
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    with pytest.raises(UsageError) as caught:
        feed(path, "x=None,None,None,3")
    assert str(caught.value) == (
        f"'{path}' needs Pillow. Install it: pip install 'tfexport[images]'"
    )
    assert feed(path, "x=None:string").read()["x"].tolist() == [path.read_bytes()]


def test_pixels_that_the_dtype_cannot_hold_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png")
    with pytest.raises(InputDataError, match=r"takes int8: 255 at \[0, 0, 0, 0\] would become -1"):
        feed(path, "x=None,None,None,3:int8").read()


def test_jpeg_is_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), 200, np.uint8)).save(buffer, "JPEG")
    (tmp_path / "a.JPEG").write_bytes(buffer.getvalue())
    pixels = feed(tmp_path / "a.JPEG", "x=None,8,8,3:uint8").read()["x"]
    assert np.abs(pixels.astype(int) - 200).max() <= 2
