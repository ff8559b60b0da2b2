"""A session for `python script.py`: the whole script is one execution, opened by the first thing it records.

`python -m dotscience_jlab.tracking.script train.py --epochs 3` opens it before the script's first line, so that all of its
files and output are seen; `ds run` does that. In both, output is seen as Python writes it: what C code or child processes write
to the descriptors is not, and the session says so.
"""

from __future__ import annotations

import atexit
import os
import sys
import traceback
from typing import Any, Callable, List, Optional

from ..settings import Settings, load_settings
from . import active, old_name
from .autolog import listen_to_frameworks
from .child import reach_children, with_parent
from .file_watch import FileWatch, watch_files
from .keyring_watch import hear_keyring
from .openers import listen_to_libraries
from .remote import listen_to_remotes
from .session import OpenExecution, Session

SCRIPT_CELL = "script"
LATE = "Output and files from before the first recorded value are missing; `ds run` sees them too."
C_LEVEL = "Output that C code or child processes write is not seen in a script."


def open_script(settings: Settings, path: Optional[str] = None, *, is_whole: bool = False) -> Session:
    """A session with its one execution running. is_whole: nothing of the script has run yet."""
    path = path or settings.script_hint or main_file()
    reasons = [C_LEVEL] if is_whole else [LATE, C_LEVEL]
    session = Session(settings, "script", about={
        "script_disk_path": path,
        "notebook_disk_path": settings.notebook_hint,
        "capture_reasons": reasons,
    })
    if settings.is_disabled:
        return session
    watch = FileWatch(with_parent(session.file_opened), [os.fspath(settings.data_dir), os.fspath(settings.runtime_dir)])
    watch.on_variable = session.secrets.learn_variable
    watch.on_remote = session.remote_opened
    hear_keyring(session.secrets.learn)
    execution = session.start_execution("script", source_of(path), kind="script", cell=SCRIPT_CELL)
    session.leave(execution)  # threads and tasks all belong to the one execution, which stays the latest
    watch_files(watch)
    listen_to_libraries()
    listen_to_remotes()
    reach_children(session.folder)
    listen_to_frameworks(settings.autolog)
    if path is not None:
        session.file_opened(path, "input", "audit")
    tees = [Tee(session, execution, name) for name in ("stdout", "stderr")]
    _watch_errors(session, execution)

    def finish() -> None:
        for tee in tees:
            tee.remove()
        watch_files(None)
        session.finish()

    atexit.register(finish)
    return session


class Tee:
    """Reports what Python code writes to sys.stdout or sys.stderr; the stream object itself stays in place."""

    def __init__(self, session: Session, execution: OpenExecution, name: str) -> None:
        self._stream: Any = getattr(sys, name, None)
        self._is_busy = False
        write: Optional[Callable[[str], Any]] = getattr(self._stream, "write", None)
        if write is None:
            return

        def write_and_tell(text: str) -> Any:
            written = write(text)
            if isinstance(text, str) and text and not self._is_busy:
                self._is_busy = True
                try:
                    session.take_output(execution, "stream", {"name": name, "text": text})
                except Exception:  # the process edge
                    session.fault("Something this script printed was not seen: an internal error, see the log.")
                finally:
                    self._is_busy = False
            return written

        try:
            self._stream.write = write_and_tell
        except AttributeError:  # a stream that allows no attributes
            self._stream = None

    def remove(self) -> None:
        if self._stream is not None:
            self._stream.__dict__.pop("write", None)


def main_file() -> Optional[str]:
    """Absolute path of the script that this process runs; None in `python -c` and at a prompt."""
    path = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.abspath(path) if path else None


def source_of(path: Optional[str]) -> str:
    if path is None:
        return ""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _watch_errors(session: Session, execution: OpenExecution) -> None:
    """An exception that ends the script is its outcome; whoever handled it before still does."""
    before = sys.excepthook

    def note_and_pass_on(kind: Any, error: Any, trace: Any) -> None:
        _note_error(session, execution, kind, error, trace)
        before(kind, error, trace)

    sys.excepthook = note_and_pass_on


def _note_error(session: Session, execution: OpenExecution, kind: Any, error: Any, trace: Any) -> None:
    outcome = "interrupted" if issubclass(kind, KeyboardInterrupt) else "error"
    session.note_outcome(execution, outcome, kind.__name__, str(error), traceback.format_exception(kind, error, trace))


def run_script(argv: List[str]) -> int:
    """Run `argv[0]` as `python argv…` would, from its first line under tracking. Returns its exit status."""
    import runpy  # here and not above: a plain script needs it not

    path = os.path.abspath(argv[0])
    sys.argv = list(argv)
    sys.path[0] = os.path.dirname(path)
    old_name.install_finder()
    session = open_script(load_settings(), path, is_whole=True)
    active.set_session(session)
    execution = session.execution_of("script")
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        if status and execution is not None:
            session.note_outcome(execution, "error", "SystemExit", str(end.code), [])
        return status
    except BaseException as error:
        kind, trace = type(error), _below_runpy(error.__traceback__)
        if execution is not None:
            _note_error(session, execution, kind, error, trace)
        traceback.print_exception(kind, error, trace)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _below_runpy(trace: Any) -> Any:
    """The part of a traceback that is the script's own."""
    ours = {run_script.__code__.co_filename}
    while trace is not None and (trace.tb_frame.f_code.co_filename in ours or "runpy" in trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace


if __name__ == "__main__":
    from dotscience_jlab.tracking.script import run_script as run  # the module under its own name: one session, not two

    sys.exit(run(sys.argv[1:]))
