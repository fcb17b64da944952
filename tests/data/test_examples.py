from __future__ import annotations

import pytest

from tfexport.data.examples import make_example_source, serialize_example
from tfexport.errors import InputDataError
from tfexport.savedmodel import protos
from tfexport.spec import parse_spec


def test_a_number_with_a_point_is_a_float_feature() -> None:
    # What tf.train.Example of TensorFlow 2.21 serializes.
    expected = bytes.fromhex("0a0f0a0d0a0178120812060a040000803f")
    assert serialize_example('{"x": 1.0}') == expected


def test_every_kind_of_feature_is_built() -> None:
    example = protos.example_pb2.Example.FromString(
        serialize_example(
            '{"f": [1, 2.5], "i": [1, -2], "b": true, "t": "ü", "r": {"b64": "AP8="}, '
            '"l": ["a", {"b64": "Yg=="}], "e": []}'
        )
    )
    features = example.features.feature
    assert list(features["f"].float_list.value) == [1.0, 2.5]
    assert list(features["i"].int64_list.value) == [1, -2]
    assert list(features["b"].int64_list.value) == [1]
    assert list(features["t"].bytes_list.value) == ["ü".encode()]
    assert list(features["r"].bytes_list.value) == [b"\0\xff"]
    assert list(features["l"].bytes_list.value) == [b"a", b"b"]
    assert features["e"].WhichOneof("kind") is None


NOT_A_FEATURE = "feature 'x' must be a number, text, or a list of one of them."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "is no object. Expected features by name, as in '{\"x\": 1.0}'."),
        ('{"x": 1', "is no JSON: Expecting ',' delimiter: line 1 column 8 (char 7)."),
        ('{"x": null}', NOT_A_FEATURE),
        ('{"x": [[1]]}', NOT_A_FEATURE),
        ('{"x": [1, "a"]}', NOT_A_FEATURE),
        ('{"x": 9223372036854775808}', "feature 'x' has an integer that is no int64."),
        ('{"x": {"b64": "?"}}', "feature 'x' has text that cannot be turned into bytes."),
    ],
)
def test_what_no_feature_holds_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputDataError) as caught:
        serialize_example(text)
    colon = ":" if message.startswith("feature") else ""
    assert str(caught.value) == f"--example '{text}'{colon} {message}"


def test_examples_are_rows_of_the_input_that_takes_strings() -> None:
    source = make_example_source(['{"x": 1.0}', '{"x": 2.0}'], [parse_spec("e=None:string")])
    assert source.names == ("e",)
    assert source.arrays["e"].read().tolist() == [
        serialize_example('{"x": 1.0}'),
        serialize_example('{"x": 2.0}'),
    ]
    inputs = [parse_spec("e=scalar:string"), parse_spec("rate=scalar")]
    scalar = make_example_source(['{"x": 1.0}'], inputs)
    assert scalar.arrays["e"].read().tolist() == serialize_example('{"x": 1.0}')


def test_an_input_of_numbers_takes_no_example() -> None:
    with pytest.raises(InputDataError) as caught:
        make_example_source(['{"x": 1.0}'], [parse_spec("x=None")])
    assert str(caught.value) == (
        "--example makes serialized tf.Example messages, and input 'x' takes float32 [?]. "
        "Give its values with --input."
    )
