"""What ``bench`` found out, as plain data. Times are seconds, sizes bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Latency:
    """How long the calls of a measurement took; ``p50`` is the median, ``p99_9`` of 1,000."""

    min: float
    mean: float
    p50: float
    p90: float
    p99: float
    p99_9: float
    max: float


@dataclass(frozen=True)
class Histogram:
    """``counts[i]`` calls took from ``edges[i]`` up to ``edges[i + 1]``.

    The last edge is the slowest call in a hundred: ``beyond`` calls were slower.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    beyond: int


@dataclass(frozen=True)
class Measurement:
    """The calls of one batch size by a number of callers at once.

    ``batch_size`` and ``rows_per_second`` are None where the signature has no batch dimension.
    ``first`` is the first call with that batch size, ``warm_up`` counts the calls that were not
    measured, that one included. ``seconds`` is how long the measured ``runs`` took together.
    ``copy`` is what one copy of the inputs takes (strings: their conversion).
    """

    batch_size: int | None
    concurrency: int
    first: float
    warm_up: int
    runs: int
    seconds: float
    latency: Latency
    calls_per_second: float
    rows_per_second: float | None
    input_bytes: int
    copy: float
    histogram: Histogram


@dataclass(frozen=True)
class LoadTimes:
    """``library``: opening TensorFlow; ``model``: loading the SavedModel; ``first_call``.

    With the Python engine ``library`` is None: ``model`` holds the import of TensorFlow too.
    """

    library: float | None
    model: float
    first_call: float


@dataclass(frozen=True)
class Memory:
    """What the process held: once the model was ``loaded``, and at its ``peak``."""

    loaded: int | None
    peak: int | None


@dataclass(frozen=True)
class Threads:
    """``asked`` is ``--threads`` (None: TensorFlow chose); ``running`` were there at the end."""

    asked: int | None
    cpus: int
    running: int | None


@dataclass(frozen=True)
class Machine:
    """Where it was measured."""

    system: str
    processor: str
    cpus: int


@dataclass(frozen=True)
class Versions:
    """What it was measured with."""

    tfexport: str
    tensorflow: str
    numpy: str
    python: str


@dataclass(frozen=True)
class OpCost:
    """The calls of one kind of op, of one node or many: seconds a call of the signature."""

    op: str
    nodes: int
    seconds: float
    share: float
    slowest: str


@dataclass(frozen=True)
class Profile:
    """The most expensive ops of a call with ``batch_size`` rows, and where the timeline lies."""

    file: str
    batch_size: int | None
    calls: int
    ops: tuple[OpCost, ...]


@dataclass(frozen=True)
class Pair:
    """The medians of one measurement, before and after; ``change`` is 0.1 for 10 % slower."""

    batch_size: int | None
    concurrency: int
    before: float
    after: float
    change: float
    slower: bool


@dataclass(frozen=True)
class Comparison:
    """The report beside an earlier one. ``differences`` is what makes them hard to compare."""

    baseline: str
    threshold: float
    pairs: tuple[Pair, ...]
    unpaired: int
    differences: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """Everything that ``bench`` prints."""

    directory: str
    signature: str
    engine: str
    device: str | None
    devices: tuple[str, ...]
    xla: bool
    threads: Threads
    inputs: tuple[str, ...]
    date: str
    machine: Machine
    versions: Versions
    load: LoadTimes
    memory: Memory
    measurements: tuple[Measurement, ...]
    profile: Profile | None
    comparison: Comparison | None
    warnings: tuple[str, ...]


def name_measurement(batch_size: int | None, concurrency: int) -> str:
    """How a measurement is called in a text: ``batch 8, 2 callers``."""
    batch = "a call" if batch_size is None else f"batch {batch_size}"
    return batch if concurrency == 1 else f"{batch}, {concurrency} callers"
