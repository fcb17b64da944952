from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from tests.data.feeds import feed, refusal, strings, write
from tfexport.errors import DestinationError
from tfexport.spec import TensorSpec, parse_spec


def table(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "t.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_columns_feed_the_inputs_that_they_name(tmp_path: Path) -> None:
    path = table(tmp_path, "id,age,name,score\n7,31,Ann,0.5\n8,45,Bob,1e-3\n")
    streamed = feed(path, "age=None:int64", "name=None:string", "score=None,1")
    assert streamed.rows is None
    arrays = streamed.read()
    assert arrays["age"].tolist() == [31, 45]
    assert arrays["name"].tolist() == [b"Ann", b"Bob"]
    assert arrays["score"].tolist() == [[0.5], [pytest.approx(1e-3)]]
    assert [batch["age"].tolist() for batch in streamed.batches(1)] == [[31], [45]]


def test_numbered_columns_are_the_elements_of_a_row_in_any_order(tmp_path: Path) -> None:
    path = table(tmp_path, "y,x[1],x[0]\n0,2,1\n0,4,3\n")
    assert feed(path, "x=None,2").read()["x"].tolist() == [[1, 2], [3, 4]]
    path = table(tmp_path, "x[0][0],x[0][1],x[1][0],x[1][1]\n1,2,3,4\n")
    assert feed(path, "x=None,2,2").read()["x"].tolist() == [[[1, 2], [3, 4]]]


def test_the_columns_of_a_table_without_names_are_features(tmp_path: Path) -> None:
    path = table(tmp_path, "width,height\n1,2\n3,4\n")
    assert feed(path, "x=None,2").read()["x"].tolist() == [[1, 2], [3, 4]]
    assert feed([f"x={path}", "y=1"], "x=None,2", "y=scalar").read()["x"].shape == (2, 2)


def test_a_first_line_of_numbers_is_a_row(tmp_path: Path) -> None:
    path = table(tmp_path, "1.5,2\n3,4\n")
    assert feed(path, "x=None,2").read()["x"].tolist() == [[1.5, 2], [3, 4]]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_the_one_of_the_first_line(tmp_path: Path, delimiter: str) -> None:
    path = table(tmp_path, f"a{delimiter}b\n1{delimiter}2\n")
    assert feed(path, "x=None,2").read()["x"].tolist() == [[1, 2]]


def test_quotes_line_ends_and_a_byte_order_mark_are_understood(tmp_path: Path) -> None:
    path = table(
        tmp_path, b'\xef\xbb\xbf"name","x"\r\n"a, ""b""\nc",1\r\n\r\n"",2\r\n\xff,3\r\nlast,"4"'
    )
    arrays = feed(path, "name=None:string", "x=None:int32").read()
    assert arrays["name"].tolist() == [b'a, "b"\nc', b"", b"\xff", b"last"]
    assert arrays["x"].tolist() == [1, 2, 3, 4]


def test_integers_are_exact_and_bools_are_words_or_digits(tmp_path: Path) -> None:
    big = 2**53 + 1
    path = table(tmp_path, f"a,b,c\n{big},true,1\n5.0,False,0\n")
    arrays = feed(path, "a=None:int64", "b=None:bool", "c=None:bool").read()
    assert arrays["a"].tolist() == [big, 5]
    assert arrays["b"].tolist() == [True, False]
    assert arrays["c"].tolist() == [True, False]


def test_complex_numbers_infinities_and_nan_are_read(tmp_path: Path) -> None:
    path = table(tmp_path, "c,f\n1+2j,nan\n3,-inf\n")
    arrays = feed(path, "c=None:complex64", "f=None").read()
    assert arrays["c"].tolist() == [1 + 2j, 3]
    assert np.isnan(arrays["f"][0])
    assert arrays["f"][1] == -np.inf


def test_a_cell_may_be_long(tmp_path: Path) -> None:
    path = table(tmp_path, f'x\n"{"a" * 300_000}"\n')
    assert len(feed(path, "x=None:string").read()["x"][0]) == 300_000


def test_several_tables_and_packed_ones_are_row_after_row(tmp_path: Path) -> None:
    (tmp_path / "1.csv.gz").write_bytes(gzip.compress(b"x,y\n1,0\n"))
    (tmp_path / "2.csv").write_text("y,x\n0,2\n")
    assert feed(tmp_path / "*.csv*", "x=None:int32").read()["x"].tolist() == [1, 2]
    assert feed(tmp_path, "x=None:int32").read()["x"].tolist() == [1, 2]
    (tmp_path / "3.csv").write_text("z\n3\n")
    assert refusal(tmp_path / "*.csv", "x=None:int32", "y=None", "z=None") == (
        "'3.csv' has other columns than '2.csv'."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'t.csv' has no first line with the names of its columns."),
        ("a,b\n", "'t.csv' has no rows."),
        ("a,b\n1,2\n3,abc\n", "'t.csv' line 3, column 'b': 'abc' is no number."),
        ("a,b\n1,2\n\n3,\n", "'t.csv' line 4, column 'b': the cell is empty."),
        (
            "a,b\n1,2\n3\n",
            "'t.csv' line 3 has another number of cells (1) than the first line (2).",
        ),
        (
            "a,b\n1,2\n3,4,5\n",
            "'t.csv' line 3 has another number of cells (3) than the first line (2).",
        ),
        ("a,b\n1,1_000\n", "'t.csv' line 2, column 'b': '1_000' is no number."),
        (
            "a,b,c\n1,2,3\n",
            "'t.csv' has no column 'x', and its 3 columns do not fit float32 [?, 2] either: "
            "a, b, c.",
        ),
        ("x[0],x[2]\n1,2\n", "'t.csv' lacks the column 'x[1]' of input 'x'."),
        ("x[0],x[1][0]\n1,2\n", "'t.csv' has columns of input 'x' with one and with more indices."),
        ("a\x00b,c\n", "'t.csv' is no CSV: its first line has a NUL."),
        (
            "a,b\n1,1e39\n",
            "Input 'x' (t.csv) takes float32: 1e+39 at [0, 1] would become inf. "
            "Let values change with --cast (cast=True in Python).",
        ),
        (
            "x\n1\n",
            "Input 'x' (t.csv) expects float32 [?, 2], got float32 [1]. "
            "It needs 2 dimensions, not 1.",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(table(tmp_path, text), "x=None,2") == message


def test_integers_that_are_none_are_told(tmp_path: Path) -> None:
    assert refusal(table(tmp_path, "x\n1\n2.5\n"), "x=None:int32") == (
        "Input 'x' (t.csv) takes int32: 2.5 at [1] would become 2. "
        "Let values change with --cast (cast=True in Python)."
    )
    huge = 10**30
    assert refusal(table(tmp_path, f"x\n1\n{huge}\n"), "x=None:int64") == (
        f"'t.csv': column 'x' in line 3 is {huge}, which is beyond any integer dtype."
    )


def test_columns_that_feed_nothing_are_listed(tmp_path: Path) -> None:
    path = table(tmp_path, ",".join(f"c{i}" for i in range(20)) + "\n")
    assert refusal(path, "a=None", "b=None") == (
        "'t.csv' has none of the inputs a, b. "
        "Its columns are: c0, c1, c2, c3, c4, c5, c6, c7, … (20 in all)."
    )


def test_utf16_is_told(tmp_path: Path) -> None:
    path = table(tmp_path, "x\n1\n".encode("utf-16"))
    assert refusal(path, "x=None") == "'t.csv' is UTF-16. Save it as UTF-8."


def test_outputs_have_a_column_an_element(tmp_path: Path) -> None:
    specs = [
        parse_spec("y=None,2"),
        parse_spec("n=None:int64"),
        parse_spec("ok=None:bool"),
        parse_spec("c=None:complex64"),
        TensorSpec("a,b", "string", (None,)),
    ]
    batch = {
        "y": np.array([[0.1, np.nan]], np.float32),
        "n": np.array([2**53 + 1]),
        "ok": np.array([True]),
        "c": np.array([1 - 2j], np.complex64),
        "a,b": strings(b'say "hi",\n\xc3\xbc\xff'),
    }
    write(tmp_path / "o.csv", specs, batch)
    assert (tmp_path / "o.csv").read_bytes() == (
        b'y[0],y[1],n,ok,c,"a,b"\n0.1,nan,9007199254740993,true,1-2j,"say ""hi"",\n\xc3\xbc\xff"\n'
    )


def test_two_outputs_of_one_column_are_refused(tmp_path: Path) -> None:
    specs = [TensorSpec("y", "float32", (None, 1)), TensorSpec("y[0]", "float32", (None,))]
    with pytest.raises(DestinationError) as caught:
        write(tmp_path / "o.csv", specs, {"y": np.zeros((1, 1)), "y[0]": np.zeros(1)})
    assert str(caught.value) == (
        "Two outputs would both be the column 'y[0]'. "
        "Write an .npz, or choose one of them with --select."
    )
