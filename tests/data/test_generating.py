from __future__ import annotations

import numpy as np
import pytest

from tests.data.feeds import has_dtype
from tfexport.data.feeding import open_feed
from tfexport.data.generating import make_generated_source
from tfexport.dtypes import numpy_dtype
from tfexport.errors import InputDataError, UsageError
from tfexport.spec import TensorSpec, parse_spec

DTYPES = [
    *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "qint8"),
    *("float16", "float32", "float64", "complex64", "complex128", "string", "bfloat16"),
    *("float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz", "float8_e5m2fnuz"),
    *("int4", "uint4", "int2", "uint2", "float4_e2m1fn"),
]


@pytest.mark.parametrize("kind", ["random", "zeros", "ones"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_is_made_as_the_model_takes_it(kind: str, dtype: str) -> None:
    if not has_dtype(dtype):
        pytest.skip(f"the installed ml_dtypes has no {dtype}")
    inputs = [TensorSpec("x", dtype, (None, 3))]
    source = make_generated_source(kind, inputs, batch=4, seed=1)  # type: ignore[arg-type]
    array = open_feed([source], inputs).read()["x"]
    assert array.dtype == numpy_dtype(dtype)
    assert array.shape == (4, 3)
    if dtype == "string":
        assert all(isinstance(text, bytes) for text in array.ravel())
    elif kind != "random":
        assert (array == np.array(kind == "ones").astype(array.dtype)).all()


def test_random_values_are_small_and_vary() -> None:
    inputs = [parse_spec("i=1000:int64"), parse_spec("f=1000"), parse_spec("s=1000:string")]
    arrays = open_feed([make_generated_source("random", inputs, seed=0)], inputs).read()
    assert set(arrays["i"].tolist()) == set(range(10))
    assert arrays["f"].min() >= 0
    assert arrays["f"].max() < 1
    assert len(set(arrays["f"].tolist())) > 990
    assert all(len(text) == 8 and text.isalpha() for text in arrays["s"].tolist())


def test_a_seed_makes_the_same_values_and_no_two_inputs_the_same() -> None:
    inputs = [parse_spec("a=5"), parse_spec("b=5")]
    first, again, other = (
        open_feed([make_generated_source("random", inputs, seed=seed)], inputs).read()
        for seed in (1, 1, 2)
    )
    assert first["a"].tolist() == again["a"].tolist()
    assert first["a"].tolist() != other["a"].tolist()
    assert first["a"].tolist() != first["b"].tolist()


def test_only_what_is_not_given_is_made_in_the_shapes_asked_for() -> None:
    inputs = [
        parse_spec(text) for text in ("a=None,None", "b=None,3", "c=scalar", "d=unknown", "e=4")
    ]
    source = make_generated_source("zeros", inputs, {"b"}, batch=7, shapes={"d": (2, 5)})
    assert {name: array.shape for name, array in source.arrays.items()} == {
        "a": (7, 1),
        "c": (),
        "d": (2, 5),
        "e": (4,),
    }
    source = make_generated_source("zeros", inputs, {"b", "d"}, batch=7, shapes={"a": (3, 9)})
    assert source.arrays["a"].shape == (3, 9)


def test_rows_are_made_batch_by_batch() -> None:
    inputs = [parse_spec("x=None,3")]
    feed = open_feed([make_generated_source("random", inputs, batch=10, seed=0)], inputs)
    assert feed.rows == 10
    batches = [batch["x"] for batch in feed.batches(4)]
    assert [batch.shape for batch in batches] == [(4, 3), (4, 3), (2, 3)]
    assert len(np.unique(np.concatenate(batches))) == 30


def test_shapes_that_do_not_fit_are_told() -> None:
    inputs = [parse_spec("x=None,3"), parse_spec("y=unknown"), parse_spec("r=None:resource")]
    with pytest.raises(InputDataError) as caught:
        make_generated_source("ones", inputs, {"y", "r"}, shapes={"x": (2, 5)})
    assert str(caught.value) == (
        "Input 'x' (--shape) expects float32 [?, 3], got float32 [2, 5]. Dimension 1 must be 3."
    )
    with pytest.raises(UsageError) as caught_usage:
        make_generated_source("ones", inputs, shapes={"z": (2,)})
    assert str(caught_usage.value) == (
        "--shape z: There is no input 'z'. The signature has: x, y, r."
    )
    with pytest.raises(InputDataError) as caught:
        make_generated_source("ones", inputs, {"x", "r"})
    assert str(caught.value) == ("Input 'y' has an unknown rank. Say its shape: --shape y=2,5")
    with pytest.raises(InputDataError) as caught:
        open_feed([make_generated_source("ones", inputs, {"x", "y"})], inputs[2:]).read()
    assert str(caught.value) == "A resource cannot be made with --ones."
