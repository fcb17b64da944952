"""The check of SavedModels: which parts run, where they run, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfexport.checking.findings import (
    CLEAN,
    CRITICAL,
    FOUND,
    LOADABLE,
    PARTS,
    RIGHT,
    SAFE,
    SEVERITIES,
    SKIPPED,
    UNCHECKED,
    WHOLE,
    CheckReport,
    Finding,
    ModelCheck,
    PartCheck,
)
from tfexport.checking.fingerprints import SMALL, bytes_to_hash, check_fingerprint
from tfexport.checking.model import CheckedModel, find_models, read_checked_model
from tfexport.checking.safe import check_safe
from tfexport.checking.samples import KeptCall, SamplesError, read_kept_calls
from tfexport.checking.whole import (
    CheckpointFiles,
    check_files,
    check_values,
    check_variables,
    read_index,
)
from tfexport.comparing.tolerance import USUAL, Tolerances
from tfexport.errors import SavedModelError, TfexportError
from tfexport.records import dataclass
from tfexport.savedmodel.layout import locate_model

if TYPE_CHECKING:
    from tfexport.checking.native import NativeTask
    from tfexport.runtime.isolation import CrashError

Advance = Callable[[int], None]
Progress = Callable[[int], AbstractContextManager[Advance]]

_NO_CALLS = "no calls were kept with it; to compare with values of your own: --samples FILE.npz"
_QUICK = "left out by --quick"
_NO_LIBRARY = "the installed TensorFlow has no C library here"


@dataclass(frozen=True)
class CheckOptions:
    """How to check.

    ``parts`` are those asked for, None for all that can be done. ``quick`` leaves the values and
    the loading out. ``samples`` is a file to replay instead of the calls kept with the model.
    ``trust`` runs a model that would reach outside its graph. ``isolated`` loads it in a child
    process, which only a process without threads may ask for.
    """

    parts: tuple[str, ...] | None = None
    quick: bool = False
    samples: Path | None = None
    signature: str | None = None
    tolerances: Tolerances = USUAL
    fail_on: str = "medium"
    trust: bool = False
    libraries: tuple[Path, ...] = ()
    isolated: bool = False
    debug: bool = False


def check_models(
    directories: Sequence[str | Path], options: CheckOptions, progress: Progress | None = None
) -> CheckReport:
    """Check each SavedModel, and those in folders that are none themselves.

    One that cannot be read is reported among the others. ``progress`` is called with the number
    of bytes to read, and gives what is told of those that were. Raises SavedModelError where the
    only model cannot be read, or there is none.
    """
    paths = [found for directory in directories for found in _expand(Path(directory))]
    check = check_model if len(paths) == 1 else _check_or_report
    models = tuple(check(path, options, progress) for path in paths)
    failed = any(model.fails(options.fail_on) for model in models)
    return CheckReport(options.fail_on, failed, models)


def check_model(
    directory: Path, options: CheckOptions, progress: Progress | None = None
) -> ModelCheck:
    """Check one SavedModel. Raises SavedModelError where it cannot be read."""
    return _Check(read_checked_model(directory), options, progress).run()


def _expand(path: Path) -> Iterator[Path]:
    try:
        read = list(find_models(path)) if path.is_dir() and not _is_model(path) else []
    except OSError:
        read = []
    yield from read or [path]


def _is_model(path: Path) -> bool:
    try:
        locate_model(path)
    except SavedModelError:
        return False
    return True


def _check_or_report(
    directory: Path, options: CheckOptions, progress: Progress | None
) -> ModelCheck:
    try:
        return check_model(directory, options, progress)
    except TfexportError as error:
        return ModelCheck(str(directory), None, (), (), str(error))


class _Check:
    def __init__(
        self, model: CheckedModel, options: CheckOptions, progress: Progress | None
    ) -> None:
        self._model = model
        self._options = options
        self._progress = progress or (lambda size: nullcontext(lambda done: None))
        self._findings: list[Finding] = []
        self._notes: dict[str, str] = {}
        self._unchecked: dict[str, str] = {}
        self._skipped: dict[str, str] = {}
        self._calls: tuple[KeptCall, ...] = ()

    def run(self) -> ModelCheck:
        """All parts that are asked for."""
        parts = self._choose_parts()
        if WHOLE in parts:
            self._check_whole()
        if SAFE in parts:
            self._check_safe()
        self._check_natively(parts)
        rank = {severity: index for index, severity in enumerate(SEVERITIES)}
        found = sorted(self._findings, key=lambda f: (rank[f.severity], PARTS.index(f.part)))
        described = tuple(self._describe(part, parts) for part in PARTS)
        return ModelCheck(str(self._model.directory), self._model.name, described, tuple(found))

    def _describe(self, part: str, parts: frozenset[str]) -> PartCheck:
        note = self._notes.get(part, "")
        if part not in parts:
            return PartCheck(part, SKIPPED, self._skipped.get(part, "not asked for"))
        if part in self._unchecked:
            return PartCheck(part, UNCHECKED, self._unchecked[part])
        found = any(finding.part == part for finding in self._findings)
        return PartCheck(part, FOUND if found else CLEAN, note)

    def _choose_parts(self) -> frozenset[str]:
        options = self._options
        wanted = set(PARTS if options.parts is None else options.parts)
        if RIGHT not in wanted:
            return frozenset(wanted)
        asked = options.parts is not None or options.samples is not None
        if options.samples is None:
            self._read_calls()
        if asked:
            if options.samples is None and not self._calls:
                self._unchecked.setdefault(RIGHT, _NO_CALLS)
        elif RIGHT not in self._unchecked and (options.quick or not self._calls):
            self._skipped[RIGHT] = _QUICK if self._calls else _NO_CALLS
            wanted.discard(RIGHT)
        return frozenset(wanted)

    def _read_calls(self) -> None:
        try:
            self._calls = tuple(read_kept_calls(self._model.directory))
        except SamplesError as error:
            self._unchecked[RIGHT] = str(error)

    def _check_whole(self) -> None:
        self._findings.extend(check_files(self._model))
        files, found = read_index(self._model)
        self._findings.extend(found)
        if files is not None:
            self._findings.extend(check_variables(self._model, files.index))
            notes = [self._read_checkpoint(files)]
        else:
            missing = [] if found else list(check_variables(self._model, None))
            self._findings.extend(missing)
            notes = [] if found or missing else ["it has no variables"]
        size = bytes_to_hash(self._model)
        if 0 < size <= SMALL:
            self._findings.extend(check_fingerprint(self._model))
        elif size and self._options.quick:
            notes.append("not compared with fingerprint.pb")
        self._notes[WHOLE] = "; ".join(notes)

    def _read_checkpoint(self, files: CheckpointFiles) -> str:
        self._findings.extend(files.findings())
        values = _count(files.tensors, "value")
        if self._options.quick:
            return f"{values} there, not read (--quick)"
        with self._progress(files.bytes) as advance:
            self._findings.extend(check_values(files, advance))
        return f"{values} read, {files.bytes:,} bytes"

    def _check_safe(self) -> None:
        self._findings.extend(check_safe(self._model))
        graphs = [view.description.graph for view in self._model.views]
        nodes = sum(graph.nodes + graph.function_nodes for graph in graphs)
        functions = sum(graph.functions for graph in graphs)
        self._notes[SAFE] = (
            f"{_count(nodes, 'node')} in the graph and {_count(functions, 'function')} looked at"
        )

    def _check_natively(self, parts: frozenset[str]) -> None:
        options, loadable = self._options, LOADABLE in parts
        right = RIGHT in parts and RIGHT not in self._unchecked
        fingerprint = WHOLE in parts and not options.quick and bytes_to_hash(self._model) > SMALL
        if not (fingerprint or loadable or right):
            return  # and numpy stays unloaded, which takes longer than all the rest
        from tfexport.checking.native import NativeTask

        task = NativeTask(
            fingerprint=fingerprint,
            loadable=loadable,
            load=loadable and not options.quick,
            right=right,
            calls=self._calls,
            samples=options.samples,
            signature=options.signature,
            tolerances=options.tolerances,
            trust=options.trust,
            libraries=options.libraries,
            debug=options.debug,
        )
        self._take(task, parts)

    def _take(self, task: NativeTask, parts: frozenset[str]) -> None:
        from tfexport.runtime.isolation import CrashError
        from tfexport.runtime.library import library_path

        if library_path() is None:
            if task.fingerprint:  # which takes some seconds without the library
                self._findings.extend(check_fingerprint(self._model))
            for part in parts & {LOADABLE, RIGHT}:
                self._unchecked.setdefault(part, _NO_LIBRARY)
            return
        try:
            self._add(self._do(task))
        except CrashError as error:
            self._report_crash(error, task)

    def _do(self, task: NativeTask) -> Any:
        from tfexport.checking.native import check_natively
        from tfexport.runtime.isolation import run_isolated

        if not self._options.isolated:
            return check_natively(self._model, task)
        return run_isolated(lambda: check_natively(self._model, task))

    def _add(self, content: Any) -> None:
        from tfexport.checking.native import results_of

        self._findings.extend(results_of(content))
        for part, note in content["notes"].items():
            self._notes[part] = "; ".join(filter(None, (self._notes.get(part), note)))
        self._unchecked.update(content["unchecked"])

    def _report_crash(self, error: CrashError, task: NativeTask) -> None:
        from tfexport.runtime.isolation import CrashError

        # Once more, without running anything of the model: what was found before is lost.
        try:
            self._add(self._do(replace(task, load=False, right=False)))
        except CrashError:
            self._unchecked[LOADABLE] = f"TensorFlow crashed ({error.signal_name})"
        if task.right:
            self._unchecked[RIGHT] = f"TensorFlow crashed ({error.signal_name})"
        if task.load:
            message = f"crashes TensorFlow ({error.signal_name}) when it is loaded or called"
            subject = self._model.name
            self._findings.append(Finding(LOADABLE, CRITICAL, "crash", subject, message))


def _count(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"
