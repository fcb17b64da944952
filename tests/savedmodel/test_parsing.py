"""The bytes of a SavedModel's file: what is no model says so, what holds several is asked about."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import text_format

from tests.savedmodel.proto_models import add_metagraph, new_model, write_model
from tfexport.errors import SavedModelError
from tfexport.savedmodel.parsing import choose_metagraph, read_saved_model, tags_of

AGAIN = "Copy the model again, or save it again."


def refusal(directory: Path) -> str:
    with pytest.raises(SavedModelError) as caught:
        read_saved_model(directory)
    return str(caught.value)


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    file = tmp_path / "saved_model.pb"
    file.touch()
    assert refusal(tmp_path) == f"{file} is empty (0 bytes). {AGAIN}"


def test_random_bytes_are_no_saved_model(tmp_path: Path) -> None:
    file = tmp_path / "saved_model.pb"
    file.write_bytes(b"\xff" * 5000)
    expected = f"{file} is damaged or no SavedModel: its 5,000 bytes do not parse. {AGAIN}"
    assert refusal(tmp_path) == expected


def test_a_message_without_a_metagraph_is_no_saved_model(tmp_path: Path) -> None:
    file = tmp_path / "saved_model.pb"
    file.write_bytes(b"\x08\x01")
    assert refusal(tmp_path) == f"{file} is no SavedModel: it holds no metagraph. {AGAIN}"


def test_a_truncated_file_does_not_parse(tmp_path: Path) -> None:
    file = write_model(new_model()[0], tmp_path) / "saved_model.pb"
    content = file.read_bytes()
    file.write_bytes(content[:-3])
    said = f"{file} is damaged or no SavedModel: its {len(content) - 3} bytes do not parse. {AGAIN}"
    assert refusal(tmp_path) == said


def test_text_is_read(tmp_path: Path) -> None:
    saved_model = new_model()[0]
    (tmp_path / "saved_model.pbtxt").write_text(text_format.MessageToString(saved_model))
    assert read_saved_model(tmp_path) == saved_model


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            b"meta_graphs { tags: 1 }",
            """1:15 : Message type "tensorflow.MetaGraphDef" has no field named "tags".""",
        ),
        (b"meta_graphs {", '1:13 : Expected "}".'),
        (b"\xff\xfe", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte. "),
    ],
)
def test_text_that_does_not_parse_says_where(tmp_path: Path, text: bytes, said: str) -> None:
    file = tmp_path / "saved_model.pbtxt"
    file.write_bytes(text)
    message = refusal(tmp_path)
    assert message.startswith(f"{file} is damaged or no SavedModel: {said}")
    assert message.endswith(AGAIN)
    assert "\n" not in message


def test_text_nested_without_end_is_one_line(tmp_path: Path) -> None:
    value = "list_value { values { " * 3000
    text = (
        "meta_graphs { object_graph_def { nodes { function { function_spec { fullargspec {" + value
    )
    (tmp_path / "saved_model.pbtxt").write_text(text)
    file = tmp_path / "saved_model.pbtxt"
    assert refusal(tmp_path) == (
        f"{file} is damaged or no SavedModel: it is nested too deeply. {AGAIN}"
    )


def test_a_chunked_model_is_named_and_what_to_do_is_said(tmp_path: Path) -> None:
    file = tmp_path / "saved_model.cpb"
    file.write_bytes(bytes.fromhex("83af70d10d884a3f") + bytes(56))
    assert refusal(tmp_path) == (
        f"{file} is a chunked SavedModel (riegeli records, for models over 2 GB), which tfexport "
        "does not read. TensorFlow Serving does. Save it without "
        "SaveOptions(experimental_image_format=True), or merge it into a saved_model.pb with "
        "Merger::Read of TensorFlow's proto_splitter."
    )


def test_a_chunked_model_without_records_is_damaged(tmp_path: Path) -> None:
    file = tmp_path / "saved_model.cpb"
    file.write_bytes(b"nothing of the kind")
    assert refusal(tmp_path) == (
        f"{file} is damaged: a chunked SavedModel holds riegeli records. {AGAIN}"
    )


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    file = tmp_path / "saved_model.pb"
    file.symlink_to("/proc/self/mem")  # a file that opens, and whose first bytes cannot be read
    assert refusal(tmp_path) == f"Cannot read {file}: Input/output error."


def test_serve_is_taken_among_several_metagraphs() -> None:
    saved_model, _ = new_model("train")
    serve = add_metagraph(saved_model, "serve")
    add_metagraph(saved_model, "serve", "gpu")
    assert choose_metagraph(saved_model, None, "m") is serve


def test_the_only_metagraph_is_taken_whatever_its_tags() -> None:
    saved_model, only = new_model("train")
    assert choose_metagraph(saved_model, None, "m") is only


def test_tags_are_a_set() -> None:
    saved_model, _ = new_model("train")
    wanted = add_metagraph(saved_model, "serve", "gpu")
    assert choose_metagraph(saved_model, ["gpu", "serve"], "m") is wanted
    assert tags_of(wanted) == ("gpu", "serve")


def choice(tags: list[str] | None, *sets: tuple[str, ...]) -> str:
    saved_model, _ = new_model(*sets[0])
    for others in sets[1:]:
        add_metagraph(saved_model, *others)
    with pytest.raises(SavedModelError) as caught:
        choose_metagraph(saved_model, tags, "dense")
    return str(caught.value)


def test_without_serve_several_metagraphs_are_listed() -> None:
    assert choice(None, ("train",), ("serve", "gpu")) == (
        "dense holds several metagraphs. Choose one with --tags: gpu,serve; train."
    )


def test_unknown_tags_are_answered_with_the_known_ones() -> None:
    assert choice(["eval"], ("train",), ("serve",)) == (
        "No metagraph with the tags 'eval' in dense. It has: serve; train."
    )
