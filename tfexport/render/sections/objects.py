"""The object tree: what the model is made of, each object once, cycles marked."""

from __future__ import annotations

from collections.abc import Iterator

from tfexport.render.page import Block, Cell, Heading, Line
from tfexport.savedmodel.description import ObjectChild, SavedObject

_MAX_DEPTH = 60  # lines of a hostile chain of objects would grow without end

Objects = tuple[SavedObject, ...]


def show_objects(objects: Objects) -> Iterator[Block]:
    """The tree from the root; an object that was shown above is only named again."""
    if not objects:
        yield Heading("Objects", "none: TensorFlow 1 saves no object graph")
        return
    yield Heading("Objects", f"{len(objects):,}")
    yield Line((Cell("(root)", "name"), Cell(objects[0].label, "dim")), indent=2, separator="  ")
    yield from _Tree(objects).show_children()
    unreached = sum(found.path is None for found in objects)
    if unreached:
        yield Line((Cell(f"{unreached:,} more that the root does not lead to", "dim"),), indent=2)


class _Tree:
    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._shown = {0}

    def show_children(self) -> Iterator[Block]:
        # A stack of its own: the depth of the tree is the model's choice.
        stack = [(child, "", last) for child, last in _backwards(self._objects[0])]
        ancestors: list[int] = [0]
        while stack:
            child, lines, last = stack.pop()
            depth = len(lines) // 3
            del ancestors[depth + 1 :]
            yield self._show(child, f"{lines}{'└─ ' if last else '├─ '}", child.object in ancestors)
            if not self._enter(child.object, depth):
                continue
            ancestors.append(child.object)
            deeper = f"{lines}{'   ' if last else '│  '}"
            stack += [
                (c, deeper, is_last) for c, is_last in _backwards(self._objects[child.object])
            ]

    def _enter(self, index: int, depth: int) -> bool:
        if index in self._shown or not 0 <= index < len(self._objects) or depth >= _MAX_DEPTH:
            return False
        self._shown.add(index)
        return True

    def _show(self, child: ObjectChild, lines: str, is_cycle: bool) -> Line:
        cells = [Cell(lines, "dim"), Cell(child.name, "name"), Cell("  ")]
        if not 0 <= child.object < len(self._objects):
            return _line([*cells, Cell("an object that does not exist", "warning")])
        found = self._objects[child.object]
        if child.object in self._shown:
            where = f"({found.path})" if found.path else "(root)"
            return _line([*cells, Cell(f"{'cycle: ' if is_cycle else ''}see {where}", "dim")])
        kind = "" if found.kind == "user_object" else found.kind
        words = [Cell(kind, "type"), Cell("  " if kind and found.label else "")]
        return _line([*cells, *words, Cell(found.label, "dim")])


def _line(cells: list[Cell]) -> Line:
    return Line(tuple(cells), indent=2, separator="", wraps=False)


def _backwards(found: SavedObject) -> list[tuple[ObjectChild, bool]]:
    children = found.children
    return [(child, i == 0) for i, child in enumerate(reversed(children))]
