"""A directory that appears at its destination whole, or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfexport.errors import DestinationError


def check_destination(destination: Path, force: bool) -> None:
    """Raise DestinationError where a directory cannot be published. Costs nothing: ask early."""
    if destination.is_dir() and not any(destination.iterdir()):
        return
    if destination.exists() and not destination.is_dir():
        raise DestinationError(f"{destination} is a file. Give a directory with -o.")
    if destination.exists() and not force:
        raise DestinationError(
            f"{destination} exists already. Replace it with --force, or choose another with -o."
        )
    for parent in destination.parents:
        if parent.exists() and not parent.is_dir():
            raise DestinationError(f"{parent} is a file: {destination} cannot be made in it.")


@contextmanager
def staged(destination: Path, force: bool) -> Iterator[Path]:
    """An empty hidden directory beside ``destination``, moved there when the block ends well."""
    check_destination(destination, force)
    target = destination.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        stage.chmod(0o755)
        yield stage
        _publish(stage, target)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _publish(stage: Path, target: Path) -> None:
    if not target.exists():
        stage.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    target.rename(old)
    stage.rename(target)
    shutil.rmtree(old, ignore_errors=True)
