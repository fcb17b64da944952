"""Every module of models/, declared once: conformance tests loop over these."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Golden:
    """One way to save one module, and inputs that fit what comes out.

    ``inputs`` are nested lists by signature and input; ``tensors`` are the dtypes and shapes
    that the signatures must turn out to have.
    """

    name: str
    target: str
    specs: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tensors: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def options(self) -> list[str]:
        """The command line after ``tfexport save``, without its destination."""
        return [
            self.target,
            *(part for spec in self.specs for part in ("--spec", spec)),
            *(part for signature in self.signatures for part in ("--signature", signature)),
            *(part for argument in self.arguments for part in ("--arg", argument)),
        ]

    def make_module(self) -> Any:
        """A new instance of the module."""
        module, _, attribute = self.target.partition(":")
        return getattr(importlib.import_module(module), attribute)()


GOLDENS = (
    Golden(
        "custom_dense",
        "models.custom_dense:CustomDense",
        specs=("None,5",),
        inputs={"serving_default": {"x": [[1.0, 2.0, 3.0, 4.0, 5.0], [0.0, -1.0, 0.5, 2.0, 1.0]]}},
        tensors={"serving_default": {"x": "float32 [?, 5]", "output_0": "float32 [?, 3]"}},
    ),
    Golden(
        "custom_activation",
        "models.custom_activation:CustomActivationModel",
        specs=("None,4",),
        inputs={"serving_default": {"x": [[-2.0, 0.0, 1.0, 3.0]]}},
        tensors={"serving_default": {"x": "float32 [?, 4]", "output_0": "float32 [?, 4]"}},
    ),
    Golden(
        "mlp",
        "models.mlp:MLP",
        specs=("features=None,4",),
        inputs={"serving_default": {"features": [[1.0, -1.0, 0.5, 2.0], [0.0, 0.0, 0.0, 0.0]]}},
        tensors={"serving_default": {"features": "float32 [?, 4]", "output_0": "float32 [?, 2]"}},
    ),
    Golden(
        "text_classifier",
        "models.text_classifier:TextClassifier",
        inputs={"serving_default": {"texts": ["Great plot good cast", "awful", ""]}},
        tensors={
            "serving_default": {
                "texts": "string [?]",
                "label": "string [?]",
                "score": "float32 [?]",
            }
        },
    ),
    Golden(
        "counter",
        "models.counter:Counter",
        inputs={"serving_default": {"amount": 3}},
        tensors={"serving_default": {"amount": "int64 []", "output_0": "int64 []"}},
    ),
    Golden(
        "encoder",
        "models.encoder:Encoder",
        inputs={
            "encode": {"features": [[1.0, 2.0, 3.0, 4.0]]},
            "decode": {"code": [[1.0, -1.0], [0.5, 0.0]]},
        },
        tensors={
            "encode": {"features": "float32 [?, 4]", "output_0": "float32 [?, 2]"},
            "decode": {"code": "float32 [?, 2]", "output_0": "float32 [?, 4]"},
        },
    ),
)

BY_NAME = {golden.name: golden for golden in GOLDENS}
