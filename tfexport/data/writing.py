"""Opens what stands after ``-o``: picks the format by the name, a folder where it has no suffix."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path

from tfexport.data.sinks import Sink, Writer
from tfexport.data.staging import Staging
from tfexport.errors import DestinationError
from tfexport.spec import TensorSpec

Outputs = Sequence[TensorSpec]

# The module of formats/ that writes files of a suffix; "" is a folder.
FORMATS = {
    "": "folder",
    ".npy": "npy",
    ".npz": "npz",
    ".json": "json_document",
    ".jsonl": "json_lines",
    ".csv": "csv_table",
    ".parquet": "parquet",
}


def open_sink(
    destination: str | os.PathLike[str],
    outputs: Outputs,
    *,
    with_rows: Collection[str] | None = None,
    force: bool = False,
) -> Sink:
    """A context manager to write ``outputs`` to ``destination``, a file or (without suffix) folder.

    Without ``with_rows`` everything is written at once, by one ``write``. For a run of batches it
    names the outputs that have a row for each row of the inputs (``batching.outputs_with_rows``):
    their rows are written one after the other, and of an output without rows one entry a batch.
    Raises DestinationError for an unknown suffix, for outputs that the format cannot hold, and
    where something exists already (but for ``force``).
    """
    path = Path(destination)
    is_folder = _means_folder(destination, path)
    suffix = "" if is_folder else path.suffix.lower()
    if suffix not in FORMATS:
        known = ", ".join(known for known in FORMATS if known)
        raise DestinationError(
            f"'{path}' is of no known format. Known are: {known}, and a folder (without suffix)."
        )
    module = importlib.import_module(f"tfexport.data.formats.{FORMATS[suffix]}")
    module.require_writable(path, outputs)
    make_writer: Callable[[Path], Writer] = partial(
        module.make_writer, outputs=outputs, with_rows=with_rows
    )
    return Sink(path, Staging(path, force=force, is_folder=is_folder), make_writer)


def _means_folder(destination: str | os.PathLike[str], path: Path) -> bool:
    return os.fspath(destination).endswith(("/", os.sep)) or not path.suffix
