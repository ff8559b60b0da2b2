"""Notices the files that Python code opens, by an audit hook: which, and for reading or writing. It opens nothing itself.

Left out: the interpreter, installed packages and their caches, system folders, the spool and the store. A data file inside an
installed package (scikit-learn's iris.csv) is an input like any other. A module of the user's own counts as its source file.
An audit hook cannot be removed, so there is one for the life of the process, and it asks who wants to know.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import sysconfig
import threading
from typing import Any, Callable, Dict, Iterable, Optional, Tuple

from .databases import database
from .moves import MOVES, move
from .roles import BOTH, INPUT, OUTPUT
from .working_folder import hear_changes, may_change
from .writing import child_started

Report = Callable[[str, str, str, bool], None]
"""(absolute path, role, seen_by, whether it was there)"""
RemoteReport = Callable[[str, str, Dict[str, Any]], None]
"""(URL without credentials and query, role, what the answer said of it: fields of events.RemoteOpened)"""

_DATA_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".parquet", ".feather", ".xlsx", ".npz", ".npy", ".h5", ".arff", ".jsonl")
_SYSTEM = ("/proc/", "/sys/", "/dev/", "/run/", "/etc/", "/usr/lib/", "/usr/lib64/", "/usr/share/", "/lib/", "/var/lib/")
_NEVER = re.compile(
    r"/\.dotscience(/|$)|/\.git/|/\.ipynb_checkpoints/|/ipykernel_\d+/|/\.ipython/|/\.cache/(matplotlib|fontconfig|pip|uv)/"
    r"|/\.?matplotlib/fontlist|/\.keras/keras\.json$|/\.config/matplotlib/|\.nb[ic]$|/\.python_history$|/<[^/]*>$|\.lock$|^(/var|/usr)?/tmp/(tmp)?[a-z0-9_]{8}$"
)
"""The last: files that `tempfile` makes for a moment."""
_PYC = re.compile(r"^(?P<folder>.*/)__pycache__/(?P<module>[^/]+?)\.[^/.]+(\.opt-\d)?\.pyc(\.\d+)?$")


class FileWatch:
    """Turns audit events into reports: `(path, role)` once per `forget`, that is once per execution."""

    def __init__(self, report: Report, left_out: Iterable[str] = (), packages: Optional[Iterable[str]] = None,
                 look: Callable[[str], os.stat_result] = os.stat) -> None:
        self._report = report
        self._left_out = (*_SYSTEM, *(_as_folder(each) for each in left_out if each))
        self._packages = tuple(_as_folder(each) for each in (package_folders() if packages is None else packages))
        self._look = look
        self._seen: "set[Tuple[Any, str]]" = set()
        self._busy = threading.local()
        self.on_variable: Callable[[str, str], None] = lambda name, value: None
        """Told when the process sets an environment variable."""
        self.on_remote: RemoteReport = lambda url, role, found: None

    def tell_to(self, report: Report, on_remote: RemoteReport) -> None:
        """From now on everything is news, and told to these: a child process tells elsewhere than its kernel."""
        self._report, self.on_remote = report, on_remote
        self._busy = threading.local()
        self.forget()

    def forget(self) -> None:
        """From now on every file is news again."""
        self._seen = set()

    def notice(self, event: str, args: Tuple[Any, ...]) -> None:
        """One audit event. Never raises; about 0.3 µs for what was seen already."""
        try:
            if event == "open":
                path, mode, flags = args
                if isinstance(path, int) or path is None:
                    return
                key = (path, mode if mode is not None else flags)
                if key in self._seen:
                    return
                self._seen.add(key)
                role = role_of(mode, flags)
                if role is not None:
                    self._tell(path, role, "audit")
            elif event in STARTS:
                child_started()
                if event == "subprocess.Popen":
                    self._command(args[1], args[2])
                elif event == "os.posix_spawn":
                    self._command(args[1])
                else:  # of a fork nothing yet: what it executes is told by the child, which should not have to import for it
                    self._command(args[0] if event == "os.system" else ())
            elif event == "os.exec":
                self._command(args[1])
            elif event in MOVES:
                move(event, args, self._tell)
            elif event == "sqlite3.connect":
                path, role = database(args[0])
                if path:
                    self._tell(path, role, "audit")
            elif event == "os.chdir":
                self.forget()
            elif event == "os.putenv":
                self.on_variable(os.fsdecode(args[0]), os.fsdecode(args[1]))
        except Exception:  # inside somebody's open(): whatever is wrong here must not be wrong there
            return

    def opened(self, path: str, role: str, seen_by: str) -> None:
        """A file that was opened where no audit event tells of it. Never raises."""
        try:
            self._tell(path, role, seen_by)
        except Exception:  # inside somebody's call, as `notice` is
            return

    def named(self, command: Any, cwd: Any = None) -> None:
        """Files that a child process is told to read: on its command line, or by the lines that a shell is given. Never raises."""
        try:
            self._command(command, cwd)
        except Exception:  # inside the start of somebody's process
            return

    def is_interesting(self, path: str) -> bool:
        """Textual: absolute and normal path -> whether it says something about the user's work."""
        if _NEVER.search(path):
            return False
        if path.startswith(self._packages):
            return path.lower().endswith(_DATA_SUFFIXES)
        return not path.startswith(self._left_out)

    def _tell(self, path: Any, role: str, seen_by: str) -> None:
        if getattr(self._busy, "is_telling", False):
            return
        full = absolute(path)
        if full is None:
            return
        source = _PYC.match(full)
        if source is not None:
            full, role = f"{source['folder']}{source['module']}.py", INPUT
        if not self.is_interesting(full):
            return
        role, was_there = self._as_found(full, role)
        if not role or (full, role) in self._seen:
            return
        self._seen.add((full, role))
        self._busy.is_telling = True
        try:
            self._report(full, role, seen_by, was_there)
        finally:
            self._busy.is_telling = False

    def _as_found(self, full: str, role: str) -> Tuple[str, bool]:
        """(role, whether it is there). What is not there is looked for in vain ('') or made, never read; a folder is no file."""
        try:
            mode = self._look(full).st_mode
        except OSError:
            return "" if role == INPUT else OUTPUT, False
        return "" if stat.S_ISDIR(mode) or (role == INPUT and not stat.S_ISREG(mode)) else role, True

    def _command(self, argv: Any, cwd: Any = None) -> None:
        """What a child process is told to read, if it is there by then, or to write, on its command line; cwd: where it begins."""
        from .command_line import named_files  # late: most kernels start no process

        for word, role in named_files(argv):
            full = absolute(word if cwd is None else os.path.join(os.fsdecode(cwd), word))
            if full is not None and (role == OUTPUT or os.path.isfile(full)):
                self._tell(full, role, "child process" if role == INPUT else "command line")


def role_of(mode: Any, flags: Any) -> Optional[str]:
    """('rb', …) -> input, ('w', …) -> output, ('r+', …) -> both; (None, flags of os.open) likewise; None: not a file's content."""
    if isinstance(mode, str):
        if "w" in mode or "x" in mode or "a" in mode:
            return OUTPUT
        return BOTH if "+" in mode else INPUT
    if not isinstance(flags, int) or flags & getattr(os, "O_DIRECTORY", 0) or flags & getattr(os, "O_PATH", 0):
        return None
    access = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
    if access == os.O_RDONLY:
        return INPUT
    return OUTPUT if access == os.O_WRONLY or flags & os.O_TRUNC else BOTH


def absolute(path: Any) -> Optional[str]:
    """'x/../a.csv' -> '/cwd/a.csv'. Links are not resolved, nothing is opened; None for what is no path."""
    try:
        text = os.fsdecode(path)
        return os.path.abspath(text) if text else None
    except (TypeError, ValueError, OSError):
        return None


def package_folders() -> "list[str]":
    """Where the interpreter and installed packages lie. Only those parts of the prefix: a project may lie below it."""
    folders = set(sysconfig.get_paths().values())
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix}:
        folders |= {os.path.join(prefix, part) for part in ("lib", "lib64", "bin", "share", "etc", "include", "conda-meta")}
    folders |= {path for path in sys.path if path.rstrip("/").endswith(("site-packages", "dist-packages"))}
    folders.discard(sysconfig.get_paths().get("data"))
    folders.add(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # ourselves, wherever we are installed
    real = {os.path.realpath(folder) for folder in folders}
    return sorted(folder for folder in folders | real if folder and folder != os.sep)


def _as_folder(path: str) -> str:
    return path.rstrip("/") + "/"


_watch: Optional[FileWatch] = None
_is_hooked = False


def watch_files(watch: Optional[FileWatch]) -> None:
    """Let `watch` know from now on, or nobody (None)."""
    global _watch, _is_hooked
    _watch = watch
    if watch is not None and not _is_hooked:
        sys.addaudithook(_on_audit)
        hear_changes()
        _is_hooked = True


def watching() -> Optional[FileWatch]:
    return _watch


def tell_remote(url: str, role: str, found: Dict[str, Any]) -> None:
    """To whoever listens at the moment: something was read from, or written to, this URL."""
    if _watch is not None:
        _watch.on_remote(url, role, found)


def tell_opened(path: str, role: str) -> None:
    """To whoever listens at the moment: a library has opened, or is about to open, this file outside Python."""
    if _watch is not None:
        _watch.opened(path, role, "library")


STARTS = frozenset({"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.spawn", "pty.spawn"})
_HEARD = frozenset({"open", "sqlite3.connect", "os.exec", "os.chdir", "os.putenv"}) | MOVES | STARTS


def _on_audit(event: str, args: Tuple[Any, ...]) -> None:
    if event in _HEARD:
        if event in ("os.chdir", "os.rename"):
            may_change()
        if _watch is not None:
            _watch.notice(event, args)
