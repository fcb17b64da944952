"""``package.module:Attr`` or ``path/to/file.py:Attr``: what is to be saved, and finding it."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, ModuleType

from tfexport.errors import TargetError
from tfexport.exporting.user_code import guarded, is_users_file

_FORM = "Expected package.module:Attr or path/to/file.py:Attr"


@dataclass(frozen=True)
class Target:
    """Where an attribute lies: in a module by name, or in a file."""

    text: str
    module: str
    path: Path | None
    attribute: str

    @property
    def name(self) -> str:
        """The last part of the attribute: ``make`` of ``Outer.make``."""
        return self.attribute.rpartition(".")[2]


def parse_target(text: str) -> Target:
    """Read a target. Raises TargetError where its form is wrong or its file is missing."""
    where, colon, attribute = text.rpartition(":")
    if not colon or not where or not _is_dotted_name(attribute):
        raise TargetError(f"'{text}' is no target. {_FORM}.{_form_hint(text)}")
    if where.endswith(".py") or "/" in where or "\\" in where:
        return Target(text, _module_name(_existing_file(text, where)), Path(where), attribute)
    if not _is_dotted_name(where):
        raise TargetError(f"'{text}' is no target: '{where}' is no module name. {_FORM}.")
    return Target(text, where, None, attribute)


def find_target(target: Target) -> object:
    """Import the target's module and return the attribute.

    The current directory, and the directory of a file, are importable. Raises TargetError where
    the module or the attribute is not there, UserCodeError where importing it fails.
    """
    return _find_attribute(target, import_module(target))


def find_source(target: Target, found: object) -> Path | None:
    """The user's file that a target's class or function is written in, else that of its module.

    ``found`` is what find_target returned. None where there is no file: a module in C, or of a
    frozen program.
    """
    maker = getattr(found, "python_function", found)
    if isinstance(maker, (type, FunctionType)):
        with contextlib.suppress(TypeError, OSError):
            written = inspect.getfile(inspect.unwrap(maker))
            if is_users_file(written):
                return Path(written)
    if target.path is not None:
        return target.path.resolve()
    file = getattr(sys.modules.get(target.module), "__file__", None)
    return None if file is None else Path(file)


def import_module(target: Target) -> ModuleType:
    """Import the module of a target. Errors as in find_target."""
    if target.path is not None:
        return _import_file(target.path.resolve(), target.module)
    _make_importable(Path.cwd())
    with guarded(f"Importing {target.module}"):
        try:
            return importlib.import_module(target.module)
        except ModuleNotFoundError as error:
            if not _was_asked_for(error.name, target.module):
                raise
            raise TargetError(_module_not_found(target.module)) from None


def _is_dotted_name(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _form_hint(text: str) -> str:
    module, _, attribute = text.rpartition(".")
    if text.endswith(".py") or not module or ":" in text:
        return ""
    return f" Did you mean '{module}:{attribute}'?"


def _existing_file(text: str, where: str) -> Path:
    path = Path(where)
    if not path.is_file():
        raise TargetError(f"Target '{text}': there is no file '{where}'.")
    if path.suffix != ".py":
        raise TargetError(f"Target '{text}': '{where}' is no Python file (*.py).")
    return path.resolve()


def _package_root(path: Path) -> Path:
    """The directory from which ``path`` is importable: above the packages that hold it."""
    root = path.parent
    while (root / "__init__.py").is_file():
        root = root.parent
    return root


def _module_name(path: Path) -> str:
    # A dot in the name of a file, as in scorer.v2.py, separates no package from a module.
    stem = path.stem.replace(".", "_")
    parts = path.with_name(stem).relative_to(_package_root(path)).parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and parts[:-1] else parts)


def _make_importable(directory: Path) -> None:
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))


def _import_file(path: Path, name: str) -> ModuleType:
    """Import a file by its place: inside a package with that package, so ``from . import`` works.

    A file beside other modules can import them, as when Python runs it.
    """
    _make_importable(_package_root(path))
    with guarded(f"Importing {path.name}"):
        if "." in name:
            importlib.import_module(name.rpartition(".")[0])
        return _loaded_from(path, name) or _execute_file(path, name)


def _loaded_from(path: Path, name: str) -> ModuleType | None:
    module = sys.modules.get(name)
    if module is None or Path(getattr(module, "__file__", None) or "/").resolve() != path:
        return None
    return module


def _execute_file(path: Path, name: str) -> ModuleType:
    # A file may have the name of a module that is loaded already: json.py, click.py.
    unique = name if name not in sys.modules else f"_target_{name}"
    spec = importlib.util.spec_from_file_location(unique, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[unique]
        raise
    return module


def _was_asked_for(missing: str | None, name: str) -> bool:
    """Whether ``missing`` is the module or one of its parents, not something that it imports."""
    return missing is not None and f"{name}.".startswith(f"{missing}.")


def _module_not_found(name: str) -> str:
    parent, _, last = name.rpartition(".")
    if parent and not _is_importable(parent):
        return _module_not_found(parent)
    near = _near(last, _modules_in(parent))
    if near:
        return f"No module '{name}'. Did you mean '{f'{parent}.' if parent else ''}{near[0]}'?"
    where = f"in '{parent}'" if parent else f"here ({Path.cwd()}) or among the installed packages"
    return f"No module '{last}' {where}."


def _is_importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _modules_in(package: str) -> list[str]:
    places = getattr(sys.modules[package], "__path__", ()) if package else [str(Path.cwd())]
    return [module.name for module in pkgutil.iter_modules(places)]


def _find_attribute(target: Target, module: ModuleType) -> object:
    found: object = module
    owner = target.module
    for part in target.attribute.split("."):
        if not hasattr(found, part):
            raise TargetError(_attribute_not_found(owner, part, found))
        found = getattr(found, part)
        owner = f"{owner}:{part}" if ":" not in owner else f"{owner}.{part}"
    return found


def _attribute_not_found(owner: str, name: str, holder: object) -> str:
    names = sorted(_public_callables(holder))
    near = _near(name, names)
    if near:
        return f"'{owner}' has no '{name}'. Did you mean '{near[0]}'?"
    if names:
        return f"'{owner}' has no '{name}'. It has: {', '.join(names)}."
    return f"'{owner}' has no '{name}', and nothing else to save."


def _public_callables(holder: object) -> Iterable[str]:
    for name, value in getattr(holder, "__dict__", {}).items():
        imported = getattr(value, "__module__", None) != getattr(holder, "__name__", None)
        if name[:1] != "_" and callable(value) and not (imported and isinstance(value, type)):
            yield name


def _near(name: str, candidates: Iterable[str]) -> list[str]:
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return [by_lower[match] for match in near]
