"""What needs TensorFlow's library: large hashes, the registered ops, loading, replaying."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tfexport.checking.findings import CRITICAL, LOADABLE, RIGHT, Finding
from tfexport.checking.fingerprints import check_fingerprint
from tfexport.checking.loadable import check_keras_metadata, check_loadable
from tfexport.checking.model import CheckedModel, MetaGraphView
from tfexport.checking.samples import KeptCall
from tfexport.comparing.tolerance import Tolerances
from tfexport.errors import SavedModelError
from tfexport.records import dataclass
from tfexport.runtime.config import SessionConfig
from tfexport.runtime.farmhash import find_fingerprint64
from tfexport.runtime.library import open_library
from tfexport.runtime.registry import OpRegistry
from tfexport.runtime.session import NativeSession, load_op_library, open_session
from tfexport.savedmodel.description import Signature
from tfexport.savedmodel.farmhash import fingerprint64
from tfexport.savedmodel.hazards import CRITICAL as CRITICAL_OPS
from tfexport.savedmodel.hazards import hazards_reached
from tfexport.savedmodel.parsing import choose_metagraph


@dataclass(frozen=True)
class NativeTask:
    """What is to be done. ``calls`` are replayed, or else the call in the file ``samples``."""

    fingerprint: bool = False
    loadable: bool = False
    load: bool = False
    right: bool = False
    calls: tuple[KeptCall, ...] = ()
    samples: Path | None = None
    signature: str | None = None
    tolerances: Tolerances = Tolerances({}, {})
    trust: bool = False
    libraries: tuple[Path, ...] = ()
    debug: bool = False


class NativeResult:
    """What came out, for each part: findings, what was done, why something was not."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.notes: dict[str, str] = {}
        self.unchecked: dict[str, str] = {}

    def to_json(self) -> dict[str, object]:
        """Plain data, as it goes from one process to the other."""
        findings = [
            [f.part, f.severity, f.code, f.subject, f.message, f.file] for f in self.findings
        ]
        return {"findings": findings, "notes": self.notes, "unchecked": self.unchecked}


def check_natively(model: CheckedModel, task: NativeTask) -> dict[str, object]:
    """Do the task; gives the JSON of a NativeResult.

    Raises UsageError where there is no library, or one of the op libraries does not load, and
    for a signature that is not there; InputDataError for samples that do not fit.
    """
    library = open_library(task.debug)
    for path in task.libraries:
        load_op_library(library, path)
    result = NativeResult()
    if task.fingerprint:
        hash_bytes = find_fingerprint64(library) or fingerprint64
        result.findings.extend(check_fingerprint(model, hash_bytes))
    if task.loadable:
        with OpRegistry(library) as registry:
            result.findings.extend(check_loadable(model, registry))
            result.findings.extend(check_keras_metadata(model))
            result.notes[LOADABLE] = f"compared with TensorFlow {registry.library_version()}"
    if task.load or task.right:
        _Loading(model, task, result).load()
    return result.to_json()


class _Loading:
    def __init__(self, model: CheckedModel, task: NativeTask, result: NativeResult) -> None:
        self._model = model
        self._task = task
        self._result = result

    def load(self) -> None:
        """Load each metagraph, and make the calls on the one that is taken by default."""
        main = self._main_view() if self._task.right else None
        for view in self._model.views:
            if view is main or self._task.load:
                self._load(view, call=view is main)

    def _main_view(self) -> MetaGraphView | None:
        directory = self._model.directory
        try:
            chosen = choose_metagraph(self._model.saved_model, None, directory)
        except SavedModelError as error:
            self._result.unchecked[RIGHT] = str(error)
            return None
        return next(view for view in self._model.views if view.metagraph is chosen)

    def _load(self, view: MetaGraphView, call: bool) -> None:
        refusal = self._refuse(view, None)
        if refusal is not None:
            self._leave_out(f"not loaded: {refusal}", call)
            return
        config = SessionConfig().serialize(view.description.graph)
        try:
            session = open_session(
                self._model.directory, view.tags, config=config, debug=self._task.debug
            )
        except SavedModelError as error:
            self._report_refused(view, error, call)
            return
        with session:
            if self._task.load:
                self._result.notes[LOADABLE] = _join(self._result.notes.get(LOADABLE), "loaded")
            if call:
                self._call(view, session)

    def _leave_out(self, reason: str, call: bool) -> None:
        if self._task.load:
            self._result.unchecked[LOADABLE] = reason
        if call:
            self._result.unchecked[RIGHT] = reason

    def _report_refused(self, view: MetaGraphView, error: SavedModelError, call: bool) -> None:
        if call:
            self._result.unchecked[RIGHT] = "TensorFlow does not load the model"
        if self._task.loadable:
            tags = ",".join(view.tags) or "none"
            message = str(error).removeprefix(f"TensorFlow cannot load {self._model.directory}: ")
            message = f"is refused by TensorFlow: {message.rstrip('.')}"
            finding = Finding(LOADABLE, CRITICAL, "not-loaded", f"tags '{tags}'", message)
            self._result.findings.append(finding)

    def _call(self, view: MetaGraphView, session: NativeSession) -> None:
        from tfexport.checking.right import Replay

        replay, task = Replay(view, session, self._task.tolerances), self._task
        if task.samples is not None:
            reason = self._refuse_call(view, task.signature)
            if reason is None:
                found = replay.make_user_call(task.samples, task.signature)
                self._result.findings.extend(found)
                self._result.notes[RIGHT] = f"called with {task.samples}"
        else:
            names = sorted({call.signature for call in task.calls})
            reason = next(filter(None, (self._refuse_call(view, name) for name in names)), None)
            if reason is None:
                self._result.findings.extend(replay.make_kept_calls(task.calls))
                count = len(task.calls)
                kept = "1 kept call" if count == 1 else f"{count} kept calls"
                self._result.notes[RIGHT] = f"{kept} made again"
        if reason is not None:
            self._result.unchecked[RIGHT] = f"not called: {reason}"

    def _refuse_call(self, view: MetaGraphView, name: str | None) -> str | None:
        from tfexport.runtime.choosing import choose_signature

        description = view.description
        found = choose_signature(description) if name is None else description.signature(name)
        return None if found is None else self._refuse(view, found)

    def _refuse(self, view: MetaGraphView, signature: Signature | None) -> str | None:
        if self._task.trust:
            return None
        for hazard in hazards_reached(view.metagraph, () if signature is None else (signature,)):
            if hazard.severity == CRITICAL_OPS:
                return f"{hazard.op} {hazard.why}. If you trust it: --trust"
        return None


def _join(first: str | None, second: str) -> str:
    return second if not first else f"{first}; {second}"


def results_of(content: dict[str, object]) -> Iterator[Finding]:
    """The findings of a NativeResult that came as JSON."""
    findings = content["findings"]
    assert isinstance(findings, list)
    for values in findings:
        yield Finding(*values)
