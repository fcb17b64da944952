""".png and .jpg, through Pillow: as pixels to the input's shape and dtype, or as the file's bytes.

- An input that takes strings gets the bytes of the file, for models that decode it themselves.
- The channels are those of the shape: 1 is grey, 3 RGB, 4 RGBA; where they are unknown, the
  image's own. Height and width are resized to (bilinear, as they are, without cropping) only
  where the shape fixes both.
- Floats are scaled to 0..1, the convention of TensorFlow Hub's image models and of
  ``tf.image.convert_image_dtype``; integers stay 0..255.
- The axes are [batch, height, width, channels], or channels before height where only that position
  is 1, 3 or 4; without the batch axis the signature takes one image.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tfexport.data.arrays import Array, Arrays
from tfexport.data.extras import import_extra
from tfexport.data.matching import find_input
from tfexport.data.places import Place, damage_reported
from tfexport.data.sources import ArraySource, MemoryArray, RowSource, Source
from tfexport.dtypes import numpy_dtype
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec, format_shape

_CHANNELS = (1, 3, 4)
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class Layout:
    """How an input takes images; sizes are None where they are free, channels 0 for no axis."""

    is_batched: bool
    height: int | None
    width: int | None
    channels: int | None
    channels_first: bool = False


def open_source(
    label: str, places: Sequence[Place], inputs: Sequence[TensorSpec], name: str | None
) -> Source:
    """One or more images for an input, a row each. Raises InputDataError where it takes none."""
    spec = find_input(inputs, name, label)
    key = str(spec.name)
    if spec.dtype == "string":
        return RowSource(label, (key,), partial(_read_bytes, places, key), len(places))
    import_extra("PIL.Image", "images", f"'{places[0].label}'")
    layout = find_layout(spec, label)
    if layout.is_batched:
        read = partial(_read_blocks, places, spec, layout)
        return RowSource(label, (key,), read, len(places), _describe(places, spec, layout))
    if len(places) > 1:
        raise InputDataError(
            f"'{label}' has {len(places)} images, and input '{key}' takes one ({spec.display()})."
        )
    image = MemoryArray(_read_image(places[0], spec, layout))
    return ArraySource(label, {key: image}, _describe(places, spec, layout))


def find_layout(spec: TensorSpec, label: str) -> Layout:
    """Which axis of an input is what. Raises InputDataError where its rank fits no image."""
    shape = (None,) * 4 if spec.shape is None else spec.shape
    if len(shape) == 4:
        first = shape[1] in _CHANNELS and shape[3] not in _CHANNELS
        return _order_axes(True, shape[1:], first)
    if len(shape) == 3 and shape[2] in _CHANNELS:
        return _order_axes(False, shape, False)
    if len(shape) == 3 and shape[0] in (3, 4):
        return _order_axes(False, shape, True)
    if len(shape) == 3 and shape[1:] == (None, None):
        return _order_axes(False, shape, False)
    if len(shape) == 3:
        return Layout(True, shape[1], shape[2], 0)
    if len(shape) == 2:
        return Layout(False, shape[0], shape[1], 0)
    raise InputDataError(
        f"'{label}' is an image, and input '{spec.name}' takes {spec.display()}. "
        "An image needs height and width."
    )


def _order_axes(is_batched: bool, axes: Sequence[int | None], channels_first: bool) -> Layout:
    channels = axes[0] if channels_first else axes[2]
    height, width = axes[1:] if channels_first else axes[:2]
    return Layout(is_batched, height, width, channels, channels_first)


def _read_bytes(places: Sequence[Place], name: str, size: int) -> Iterator[Arrays]:
    for start in range(0, len(places), size):
        chosen = places[start : start + size]
        block = np.empty(len(chosen), object)
        for at, place in enumerate(chosen):
            with damage_reported(place.label), place.open() as stream:
                block[at] = stream.read()
        yield {name: block}


def _read_blocks(
    places: Sequence[Place], spec: TensorSpec, layout: Layout, size: int
) -> Iterator[Arrays]:
    for start in range(0, len(places), size):
        chosen = places[start : start + size]
        images = [_read_image(place, spec, layout) for place in chosen]
        for place, image in zip(chosen, images, strict=True):
            if image.shape != images[0].shape:
                raise InputDataError(
                    f"'{place.label}' is {format_shape(image.shape)}, and '{chosen[0].label}' is "
                    f"{format_shape(images[0].shape)}, which make no batch. Use --batch-size 1."
                )
        yield {str(spec.name): np.stack(images)}


def _read_image(place: Place, spec: TensorSpec, layout: Layout) -> Array:
    image = _load(place)
    is_deep = image.mode.startswith(("I", "F"))
    pixels = _read_deep(image, layout) if is_deep else _read_shallow(image, layout, place.label)
    pixels = _scale(pixels, spec, 65535 if is_deep else 255)
    if layout.channels == 0:
        return pixels[:, :, 0]
    return np.moveaxis(pixels, 2, 0) if layout.channels_first else pixels


def _load(place: Place) -> Any:
    from PIL import Image

    try:
        with place.open_seekable() as stream:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                image = Image.open(stream)
            image.load()
    except InputDataError:
        raise
    except Exception as error:  # Pillow's many readers raise whatever they like
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        if "cannot identify" in reason:
            reason = "Pillow knows no such format"
        raise InputDataError(f"'{place.label}' is no readable image: {reason}.") from None
    return image


def _read_shallow(image: Any, layout: Layout, label: str) -> Array:
    mode = _MODES.get(layout.channels or 1, "") if layout.channels is not None else _own_mode(image)
    if not mode:
        raise InputDataError(
            f"'{label}' is an image, and no image has {layout.channels} channels. It has 1, 3 or 4."
        )
    pixels = np.asarray(_resize(image.convert(mode), layout))
    return pixels.reshape(*pixels.shape[:2], -1)


def _own_mode(image: Any) -> str:
    if image.mode in ("1", "L"):
        return "L"
    has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    return "RGBA" if has_alpha else "RGB"


def _read_deep(image: Any, layout: Layout) -> Array:
    """A grey image of 16 bits, which Pillow would cut off at 255."""
    values = np.asarray(_resize(image.convert("F"), layout))
    pixels = np.clip(np.rint(values), 0, 65535).astype(np.uint16)[:, :, np.newaxis]
    repeated: Array = pixels.repeat(layout.channels or 1, 2)
    if layout.channels == 4:
        repeated[:, :, 3] = 65535
    return repeated


def _resize(image: Any, layout: Layout) -> Any:
    from PIL import Image

    if layout.height is None or layout.width is None:
        return image
    size = (layout.width, layout.height)
    return image if image.size == size else image.resize(size, Image.Resampling.BILINEAR)


def _scale(pixels: Array, spec: TensorSpec, highest: int) -> Array:
    if _takes_floats(spec):
        return (pixels / highest).astype(np.float32)
    if highest > 255 and numpy_dtype(spec.dtype).itemsize == 1:
        return np.rint(pixels / 257).astype(np.uint8)
    return pixels


def _takes_floats(spec: TensorSpec) -> bool:
    return spec.dtype.startswith(("float", "bfloat", "complex"))


def _describe(places: Sequence[Place], spec: TensorSpec, layout: Layout) -> tuple[str, ...]:
    """What is done to the pixels, for the user to know."""
    done = []
    if layout.height is not None and layout.width is not None:
        done.append(f"resized to {layout.width}x{layout.height}")
    if layout.channels is not None:
        done.append(_MODES.get(layout.channels or 1, "L").replace("L", "grey"))
    if _takes_floats(spec):
        done.append("scaled to 0..1")
    images = f"{len(places)} images" if len(places) > 1 else places[0].label
    return (f"{images}: {', '.join(done)}",) if done else ()
