"""The default values of a signature's inputs, also damaged ones."""

from __future__ import annotations

import pytest

from tfexport.dtypes import dtype_number
from tfexport.errors import SavedModelError
from tfexport.runtime.tensor_protos import read_defaults
from tfexport.savedmodel import protos


@pytest.mark.parametrize(
    ("dtype", "field", "values", "problem"),
    [
        ("float16", "half_val", [70000], "Python integer 70000 out of bounds for uint16"),
        ("int8", "int_val", [300], "Python integer 300 out of bounds for int8"),
        ("float32", "float_val", [1, 2], "it has 2 values for 1 elements"),
    ],
)
def test_a_damaged_default_is_one_line(
    dtype: str, field: str, values: list[float], problem: str
) -> None:
    metagraph = protos.meta_graph_pb2.MetaGraphDef()
    default = metagraph.signature_def["s"].defaults["x"]
    default.dtype = dtype_number(dtype)
    getattr(default, field).extend(values)
    with pytest.raises(SavedModelError) as raised:
        read_defaults(metagraph, "s")
    assert str(raised.value) == f"The default of input 'x' of signature 's' is damaged: {problem}."
