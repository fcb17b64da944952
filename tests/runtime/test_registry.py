"""What TensorFlow registers can be asked for op by op."""

from __future__ import annotations

import re

from tfexport.runtime.library import open_library
from tfexport.runtime.registry import OpRegistry


def test_a_registered_op_has_its_definition() -> None:
    with OpRegistry(open_library()) as registry:
        found = registry.find("MatMul")
        assert found is not None
        assert [argument.name for argument in found.input_arg] == ["a", "b"]
        assert registry.find("MatMul") is found


def test_an_op_that_is_not_registered_has_none() -> None:
    with OpRegistry(open_library()) as registry:
        assert registry.find("NoSuchOp") is None
        assert registry.find("") is None
        assert registry.find("\udcff") is None


def test_the_versions_are_known() -> None:
    with OpRegistry(open_library()) as registry:
        assert re.fullmatch(r"2\.\d+\.\d+.*", registry.library_version())
        assert registry.graph_version() > 1000
