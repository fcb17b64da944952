"""How a session runs: threads, device, XLA. Written as a ``ConfigProto``.

Source of the fields: ``tensorflow/core/protobuf/config.proto``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tfexport.errors import UsageError
from tfexport.savedmodel import protos
from tfexport.savedmodel.description import Graph

# Ops that call functions as their branches and bodies: those that MLIR's form of a graph holds as
# regions, tensorflow/core/transforms/functional_to_region.
_WITH_REGIONS = frozenset(
    ("If", "StatelessIf", "Case", "StatelessCase", "While", "StatelessWhile", "For")
)

_XLA_ON = 2  # OptimizerOptions.GlobalJitLevel.ON_2, as TF_XLA_FLAGS=--tf_xla_auto_jit=2


@dataclass(frozen=True)
class SessionConfig:
    """``threads``: 0 lets TensorFlow choose. ``device``: ``cpu``, ``gpu:N``, or None for any."""

    threads: int = 0
    device: str | None = None
    xla: bool = False

    @property
    def gpu(self) -> bool:
        """Whether a GPU is asked for."""
        return self.device is not None and self.device != "cpu"

    def serialize(self, graph: Graph) -> bytes:
        """The ``ConfigProto`` bytes for ``TF_SetConfig``, to load ``graph`` with.

        GPU memory grows as it is needed. The optimizer that moves ops into branches is left out
        where there are none: it finds nothing to do, but turns each graph into MLIR and back,
        which takes a third of the time of loading.
        """
        config = protos.config_pb2.ConfigProto(
            intra_op_parallelism_threads=self.threads,
            inter_op_parallelism_threads=self.threads,
            allow_soft_placement=True,
        )
        config.gpu_options.allow_growth = True
        if not any(count.op in _WITH_REGIONS for count in graph.ops):
            config.graph_options.rewrite_options.disable_tfg_optimizer = True
        if self.xla:
            config.graph_options.optimizer_options.global_jit_level = _XLA_ON
        if self.device == "cpu":
            config.device_count["GPU"] = 0
        elif self.device is not None:
            config.gpu_options.visible_device_list = self.device.partition(":")[2] or "0"
        return bytes(config.SerializeToString())


def parse_device(text: str) -> str:
    """Read ``cpu``, ``gpu`` or ``gpu:N``. Raises UsageError for anything else."""
    kind, colon, number = text.lower().partition(":")
    if kind == "cpu" and number in ("", "0"):
        return "cpu"
    if kind == "gpu" and (not colon or (number.isascii() and number.isdigit())):
        return f"gpu:{number or 0}"
    raise UsageError(f"'{text}' is no device. Expected cpu, gpu or gpu:N, as in gpu:0.")


def require_gpu(config: SessionConfig, devices: Sequence[str]) -> None:
    """Raise UsageError where none of an engine's ``devices`` is the GPU that is asked for.

    TensorFlow itself says nothing, and runs on the CPU. The GPU that it was told to see is its
    only one, and is number 0 then.
    """
    names = [name.rpartition("device:")[2].lower() for name in devices]
    if not any(name.startswith("gpu:") for name in names):
        raise UsageError(
            f"TensorFlow finds no device '{config.device}' here. It has: {', '.join(names)}."
        )
