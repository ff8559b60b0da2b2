"""Child processes go on telling what they open, each into a file of its own (side_spool.py). docs/capture.md says why in this way.

    forked from the kernel        has our audit hook already: `go_on_after_fork` gives it its own reports
    spawned by multiprocessing    is handed a few words with the data it is prepared with: `join`
    another Python program        finds DOTSCIENCE_CHILD_OF in its environment; dotscience_jlab_children.pth calls `join_as_told`

Other programs tell nothing: what they were named on their command line is told by whoever starts them (command_line.py), what they
have open is looked at by the recorder.
"""

from __future__ import annotations

import copy
import os
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, Optional

from ..link.parent_session import CHILD_OF, parent_session
from . import file_watch
from .at_import import when_imported
from .cell_number import CellNumber
from .side_spool import SideSpool, stat_fields

CHILD, NAMED = "child process", "command line"
"""How what it opens is seen; of what a program that it starts is told to write only the name is known."""
FOREGROUND_S = 0.5
"""A program that was started so shortly before it joins belongs to the cell that runs now: its start is known to 20 ms only."""
_WORKERS = (
    "multiprocessing.pool.worker",
    "concurrent.futures.process._process_worker",
    "loky.process_executor._process_worker",
    "torch.utils.data._utils.worker._worker_loop",
)
"""Functions that take one task after another from the parent. The end of the full name: joblib brings a loky of its own."""


class ChildReports:
    """Where one child process tells what it opens; `execution` and `since` as in events.FileOpened."""

    def __init__(self, session: Path, execution: Optional[str] = None, since: Optional[float] = None) -> None:
        self._session = session
        self._execution = execution
        self._since = since
        self._spool = SideSpool(session)
        self._secrets: Any = None
        self.watch: Any = None
        """The ChildWatch that reports here."""

    def after_fork(self) -> None:
        self._spool = SideSpool(self._session)

    def file_opened(self, disk_path: str, role: str, seen_by: str, was_there: Optional[bool] = None) -> None:
        by = seen_by if seen_by == NAMED else CHILD
        self.tell({"event": "file_opened", "disk_path": disk_path, "role": role, "seen_by": by, "was_there": was_there})

    def remote_opened(self, url: str, role: str, found: Dict[str, Any]) -> None:
        self.tell({"event": "remote_opened", "url": url, "role": role, "seen_by": CHILD, **found})

    def tell(self, event: Dict[str, Any]) -> None:
        now = time.time()
        is_fed = is_fed_worker()
        if is_fed and self.watch.cell is None:
            self.watch.cell = CellNumber(self._session, is_writer=False)
        about = {"execution": None, "since": now} if is_fed else {"execution": self._execution, "since": self._since}
        self._spool.append(self._clean({**event, "at": now, **about}))

    def _clean(self, event: Dict[str, Any]) -> Dict[str, Any]:
        """Known secrets replaced, as in the kernel."""
        if self._secrets is None:
            from .secrets import Secrets  # late: most children open nothing worth a word, and pay nothing for it

            self._secrets = Secrets()
        self._secrets.learn_environ(os.environ)
        return self._secrets.clean_value(event)


class ChildWatch(file_watch.FileWatch):
    """As the kernel's, in a child."""

    cell: Optional[CellNumber] = None
    """Of a worker that is fed: what it tells is news again in the next cell."""
    _told_in = 0

    def notice(self, event: str, args: Any) -> None:
        if self.cell is not None:
            number = self.cell.read()
            if number != self._told_in:
                self._told_in = number
                self.forget()
        super().notice(event, args)


def go_on_after_fork(session: Path, execution: Optional[str], *, is_muted: bool) -> None:
    """In a process that was forked from the kernel, at once. execution: the kernel's at that moment."""
    watch = file_watch.watching()
    if watch is None:
        return
    if is_muted:
        file_watch.watch_files(None)
        return
    _tell_there(watch, ChildReports(session, execution, None if execution else time.time()))


def join(session: Path, execution: Optional[str], since: Optional[float]) -> None:
    """In a new Python process: listen from now on. Doing it again only says better which cell it works for."""
    watch = file_watch.watching()
    if watch is None:
        watch = file_watch.FileWatch(lambda path, role, seen_by, was_there: None, [os.fspath(session.parent.parent)])
    _tell_there(watch, ChildReports(session, execution, since))
    from .openers import listen_to_libraries  # late, with the next: a process that is no child of ours needs them not
    from .remote import listen_to_remotes

    listen_to_libraries()
    listen_to_remotes()


def join_as_told() -> None:
    """At the start of a Python program, if its environment names a session. Never raises; about 10 ms where it joins."""
    try:
        told = parent_session(os.environ)
        if told is None or _speaks_for_itself():
            return
        kernel_pid, session = told[0], Path(told[1])
        found = os.stat(session)  # made by the first cell; no longer there: the session is over
        if found.st_uid == os.getuid() and found.st_mode & 0o077 == 0:
            join(session, None, _working_since(kernel_pid, time.time()))
    except Exception:  # somebody's program begins here: whatever is wrong with us must not be wrong with it
        return


def is_fed_worker() -> bool:
    """Whether this process takes one task after another from its parent: what it does is work of the cell that runs meanwhile."""
    processes = sys.modules.get("multiprocessing.process")
    target = getattr(processes.current_process(), "_target", None) if processes is not None else None
    name = f"{getattr(target, '__module__', '')}.{getattr(target, '__name__', '')}"
    return name.endswith(_WORKERS)


def reach_children(session: Path) -> Callable[[], None]:
    """From now on the processes that this one starts find the session with that spool. Returns what ends it.

    multiprocessing and loky hand it to those they spawn; other programs have it in their environment, where the user sees it as one
    more variable like Jupyter's own. Nothing is made on the disk.
    """
    os.environ[CHILD_OF] = f"{os.getpid()}:{session}"
    for name in ("multiprocessing.spawn", "loky.backend.spawn", "joblib.externals.loky.backend.spawn"):
        when_imported(name, _add_to_preparation)

    def end() -> None:
        os.environ.pop(CHILD_OF, None)

    return end


def with_parent(report: file_watch.Report) -> file_watch.Report:
    """`report`, and in a child process the kernel is told too: a script with a session of its own is still that cell's work."""
    reports = _reports
    if reports is None:
        return report

    def tell_both(path: str, role: str, seen_by: str, was_there: bool) -> None:
        report(path, role, seen_by, was_there)
        reports.file_opened(path, role, seen_by, was_there)

    return tell_both


class Joining:
    """Travels with the data that a spawned process is prepared with, and does its work by being unpickled there.

    What is pickled is a call of the builtin `exec`: a process in which our package cannot be imported goes on as ever.
    """

    def __init__(self, session: Path, execution: Optional[str], since: Optional[float]) -> None:
        self._told = (os.fspath(session), execution, since)

    def __reduce__(self) -> Any:
        session, execution, since = self._told
        home = os.fspath(Path(__file__).resolve().parent.parent.parent)
        code = (
            "try:\n"
            " import sys\n"
            f" sys.path.append({home!r})\n"
            " try:\n"
            "  from pathlib import Path\n"
            "  from dotscience_jlab.tracking.child import join\n"
            " finally:\n"
            "  sys.path.pop()\n"
            f" join(Path({session!r}), {execution!r}, {since!r})\n"
            "except Exception:\n"
            " pass\n"
        )
        return exec, (code, {})


def _add_to_preparation(module: Any) -> None:
    prepare = module.get_preparation_data

    def get_preparation_data(*args: Any, **keywords: Any) -> Any:
        data = prepare(*args, **keywords)
        try:
            joining = _joining()
            if joining is not None and isinstance(data, dict):
                data["dotscience"] = joining  # `prepare` in the child takes the keys it knows
        except Exception:  # inside somebody's Process.start()
            pass
        return data

    module.get_preparation_data = get_preparation_data


def _joining() -> Optional[Joining]:
    """For a process that is started now, by the kernel or by a child of it."""
    reports = _reports
    if reports is not None:
        return Joining(reports._session, reports._execution, reports._since)
    from . import active  # late: it leads to everything else

    session = active.known_session()
    if session is None or session.is_finished or not session.has_recorded or session.is_muted():
        return None
    execution = session.working_for()
    return Joining(session.folder, execution, None if execution else time.time())


_reports: Optional[ChildReports] = None
"""Of this process, if it is a child."""
_is_fork_heard = False


def _tell_there(watch: file_watch.FileWatch, reports: ChildReports) -> None:
    global _reports, _is_fork_heard
    mine = copy.copy(watch)
    mine.__class__ = ChildWatch
    mine.tell_to(reports.file_opened, reports.remote_opened)
    reports.watch, _reports = mine, reports
    file_watch.watch_files(mine)
    if not _is_fork_heard and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork_of_child)
        _is_fork_heard = True


def _after_fork_of_child() -> None:
    if _reports is not None:
        _reports.after_fork()


def _speaks_for_itself() -> bool:
    """A kernel, or one of our own programs."""
    argv = getattr(sys, "orig_argv", [])[1:3]
    return argv[:1] == ["-m"] and argv[-1].startswith(("ipykernel", "dotscience_jlab"))


def _working_since(kernel_pid: int, now: float) -> float:
    """When the kernel started what we are part of: ourselves, or the shell, or the program, that started us."""
    pid, ticks = os.getpid(), 0
    for _ in range(32):
        fields = stat_fields(pid)
        if not fields:
            return now
        ticks, parent = int(fields[19]), int(fields[1])
        if parent == kernel_pid:
            break
        if parent <= 1:  # its parent is gone: nobody knows who started that
            return now
        pid = parent
    with open("/proc/uptime", encoding="ascii") as file:
        up_s = float(file.read().split()[0])
    begun = time.time() - up_s + ticks / os.sysconf("SC_CLK_TCK")
    return now if now - begun < FOREGROUND_S else begun
