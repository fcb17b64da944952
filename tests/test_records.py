"""Records are frozen dataclasses in all that one does with them."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from tfexport.records import dataclass


@dataclass(frozen=True)
class Point:
    """A point."""

    x: int
    y: int = 0
    label: str | None = None

    @property
    def sum(self) -> int:
        """Both together."""
        return self.x + self.y


def test_values_go_by_place_or_by_name() -> None:
    assert Point(1, y=2) == Point(1, 2, None) == Point(label=None, y=2, x=1)
    assert Point(1, 2).sum == 3


def test_it_is_a_dataclass_for_the_standard_library() -> None:
    point = Point(1, 2, "a")
    assert dataclasses.is_dataclass(point)
    assert [field.name for field in dataclasses.fields(point)] == ["x", "y", "label"]
    assert dataclasses.replace(point, y=5) == Point(1, 5, "a")
    assert dataclasses.asdict(point) == {"x": 1, "y": 2, "label": "a"}


def test_it_shows_and_hashes_and_compares_by_its_values() -> None:
    assert repr(Point(1)) == "Point(x=1, y=0, label=None)"
    assert len({Point(1), Point(1), Point(2)}) == 2
    assert Point(1) != Point(2)
    assert Point(1) != (1, 0, None)


def test_it_survives_copying_and_pickling() -> None:
    point = Point(1, 2, "a")
    assert copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point


def test_it_cannot_be_changed() -> None:
    point = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError, match=r"cannot change Point\.x"):
        point.x = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError, match=r"cannot change Point\.y"):
        del point.y  # type: ignore[misc]


def test_it_is_matched_by_place() -> None:
    match Point(1, 2):
        case Point(x, 2):
            assert x == 1
        case _:
            pytest.fail("no match")


@pytest.mark.parametrize(
    ("values", "named", "message"),
    [
        ((), {}, r"Point\(\) needs a value for 'x'"),
        ((1,), {"z": 1}, r"Point\(\) has no field 'z'"),
        ((), {"y": 1, "z": 1}, r"Point\(\) has no field 'z'"),
        ((1, 2, "a", 4), {}, r"Point\(\) got too many values, or one of them twice"),
        ((1,), {"x": 1}, r"Point\(\) got too many values, or one of them twice"),
    ],
)
def test_wrong_values_are_refused(
    values: tuple[object, ...], named: dict[str, object], message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        Point(*values, **named)  # type: ignore[arg-type]


def test_only_frozen_ones_are_made() -> None:
    with pytest.raises(TypeError, match="a record is frozen"):
        dataclass(frozen=False)
