"""Hears what an IPython shell executes and shows. The table of what counts as an execution is docs/executions.md.

In a kernel, outputs are taken where all of them pass: the iopub thread's `_really_send`, by parent header, after the message
has gone out. It is private to ipykernel, so a test guards it, and where it is missing the session says that outputs are unseen.
An execution closes at its parent's `idle`, when everything it shows is out.
"""

from __future__ import annotations

import ast
import atexit
import functools
import json
import os
import re
import sys
import threading
import time
from collections import OrderedDict
from typing import Any, Callable, Dict, List, Optional

from ..model.events import NamesChanged
from ..settings import Settings, load_settings
from . import active, old_name
from .autolog import listen_to_frameworks
from .child import reach_children
from .fault_log import note_fault
from .file_watch import FileWatch, watch_files
from .keyring_watch import hear_keyring
from .launcher import notebook_of_parent
from .openers import listen_to_libraries
from .outbox import is_forked
from .remote import listen_to_remotes
from .session import OpenExecution, Session
from .threads import ThreadsOfCells

DELIMITER = b"<IDS|MSG>"
OUTPUT_TYPES = frozenset({"stream", "display_data", "execute_result", "update_display_data", "clear_output", "error"})
N_REMEMBERED = 200
"""Closed executions that late outputs (a thread that goes on printing) still find their way to."""
PRIVATE_TAG = "ds-private"
_PRIVATE_LINE = re.compile(r"\A\s*#.*\bds-private\b")

_ATTRIBUTE = "_dotscience_hooks"


def load(shell: Any) -> Optional["Hooks"]:
    """Start hearing this shell; a second call changes nothing. None where recording is switched off. Never raises."""
    try:
        hooks = shell.__dict__.get(_ATTRIBUTE)
        if hooks is not None:
            return hooks
        settings = load_settings()
        old_name.install_finder()
        from .magics import register  # late: IPython's magics are needed only where there is IPython

        register(shell)
        if settings.is_disabled:
            return None
        hooks = Hooks(shell, settings)
        hooks.install()
        shell.__dict__[_ATTRIBUTE] = hooks
        return hooks
    except Exception:  # the process edge: recording fails, the kernel goes on
        note_fault(load_settings(), "The extension could not be loaded.")
        print("dotscience: recording could not be started in this kernel; `ds doctor` says why.", file=sys.stderr)
        return None


def unload(shell: Any) -> None:
    """Stop hearing this shell and end its session."""
    hooks = shell.__dict__.pop(_ATTRIBUTE, None)
    if hooks is not None:
        hooks.remove()


class Hooks:
    """One shell's hooks and its session."""

    def __init__(self, shell: Any, settings: Settings) -> None:
        self.shell = shell
        self.kernel = getattr(shell, "kernel", None)
        self._io_thread = _io_thread(self.kernel)
        self.session = Session(settings, "kernel", about=self._about(settings))
        self.session.foreground = self._widget_in_front
        self._is_console = self.kernel is None or settings.is_console
        self._is_interrupted = False
        self._nested: Dict[str, List[OpenExecution]] = {}
        self._n_nested = 0
        self._names: Any = None
        """A NameWatch, from the first cell on."""
        self._cell = ("", 0.0)
        """The source of the cell that runs, and when it began."""
        self._closed: "OrderedDict[str, Optional[OpenExecution]]" = OrderedDict()
        self._undo: List[Callable[[], None]] = []
        self._terminal: List[OpenExecution] = []
        left_out = [settings.data_dir, settings.runtime_dir]
        left_out += [getattr(getattr(shell, "profile_dir", None), "location", ""), os.path.expanduser("~/.ipython")]
        self._watch = FileWatch(self.session.file_opened, [os.fspath(each) for each in left_out if each])
        self._watch.on_variable = self.session.secrets.learn_variable
        self._watch.on_remote = self.session.remote_opened

    def install(self) -> None:
        events = self.shell.events
        for name, callback in (("pre_run_cell", self._before), ("post_run_cell", self._after)):
            events.register(name, callback)
            self._undo.append(lambda name=name, callback=callback: events.unregister(name, callback))
        interrupter = _Interrupter(self)
        self.shell.ast_transformers.append(interrupter)
        self._undo.append(lambda: self.shell.ast_transformers.remove(interrupter))
        if self._io_thread is not None:
            self._tap(self._io_thread)
        self._ignore_messages_to_nobody()
        self._hear_getpass()
        self._undo.append(hear_keyring(self.session.secrets.learn))
        watch_files(self._watch)
        listen_to_libraries()
        threads = ThreadsOfCells(self.session.carried())
        threads.install()
        self._undo.append(threads.remove)
        listen_to_remotes()
        listen_to_frameworks(self.session.settings.autolog)
        self._undo.append(lambda: watch_files(None))
        self._undo.append(reach_children(self.session.folder))
        atexit.register(self.session.finish)
        self._undo.append(lambda: atexit.unregister(self.session.finish))
        active.set_session(self.session)
        self._undo.append(lambda: active.set_session(None))
        self._join_running_cell()

    def remove(self) -> None:
        for undo in reversed(self._undo):
            try:
                undo()
            except Exception:  # another extension took the same thing apart first
                note_fault(self.session.settings, "Something could not be taken back at unload.")
        self._undo = []
        self.session.finish("extension unloaded")

    # -- around a cell -------------------------------------------------------------------------------

    def _before(self, info: Any = None) -> None:
        """pre_run_cell: `info.raw_cell` is the source as the kernel got it, magics and all."""
        self._is_interrupted = False
        try:
            parent = self._parent()
            msg_id = parent.get("header", {}).get("msg_id")
            if self._is_probe(info, parent):
                return
            running = self._running(msg_id)
            if running is not None:
                self._begin_nested(msg_id or "", info)
                return
            try:
                self.session.wait_for_recorder()
            except KeyboardInterrupt:
                self._is_interrupted = True  # IPython would swallow it here and run the cell: _Interrupter raises it again
            self._begin(info, parent)
        except KeyboardInterrupt:
            self._is_interrupted = True
        except Exception:  # the process edge
            self.session.fault("The beginning of this cell was not seen: an internal error, see the log.")

    def _after(self, result: Any = None) -> None:
        """post_run_cell; in a kernel the execution stays open until its `idle`."""
        try:
            msg_id = self._parent().get("header", {}).get("msg_id") or ""
            nested = self._nested.get(msg_id)
            if nested:
                execution = nested.pop()
                self._note_result(execution, result)
                self.session.finish_execution(execution)
                return
            execution = self._running(msg_id)
            if execution is None:
                return
            self._note_result(execution, result)
            self._look_at_names(execution)
            self.session.leave(execution)
            if self._io_thread is None:
                self._terminal.clear()
                self.session.finish_execution(execution)
        except Exception:  # the process edge
            self.session.fault("The end of this cell was not seen: an internal error, see the log.")

    def _begin(self, info: Any, parent: Dict[str, Any]) -> None:
        source = str(getattr(info, "raw_cell", None) or parent.get("content", {}).get("code", ""))
        metadata = parent.get("metadata") or {}
        cell_id = getattr(info, "cell_id", None) or metadata.get("cellId")
        self._watch.forget()
        self._mark_names(source)
        execution = self.session.start_execution(
            parent.get("header", {}).get("msg_id") or f"t{self.shell.execution_count}",
            source,
            kind="console" if self._is_console else "cell",
            cell_id=cell_id,
            cell=None if self._is_console else cell_id or digest_of(source),
            execution_count=self._execution_count(info),
            is_private=PRIVATE_TAG in (metadata.get("tags") or ()) or _PRIVATE_LINE.match(source) is not None,
        )
        if self._io_thread is None:
            self._terminal.append(execution)
        if source.startswith("%%"):
            from .command_line import script_of  # late, as in file_watch

            self._watch.named(script_of(source))

    def _begin_nested(self, msg_id: str, info: Any) -> None:
        """`get_ipython().run_cell(…)` inside a cell: an entry of its own; what it shows and records belongs to the cell."""
        self._n_nested += 1
        source = str(getattr(info, "raw_cell", ""))
        nested = self.session.start_execution(f"{msg_id}.n{self._n_nested}", source, kind="nested")
        self._nested.setdefault(msg_id, []).append(nested)

    def _mark_names(self, source: str) -> None:
        """Before the first cell: what is bound already is no cell's."""
        self._cell = (source, time.monotonic())
        if self._names is None:
            from .names import NameWatch  # late: a kernel's start need not wait for it

            self._names = NameWatch(self.shell.user_ns, self.shell.user_ns_hidden)

    def _look_at_names(self, execution: OpenExecution) -> None:
        """At a cell's end. Of a private or paused one nothing is told, and its changes are not taken for the next one's."""
        source, began = self._cell
        seen = self._names.look(source, time.monotonic() - began)
        if not execution.is_muted:
            execution.names = NamesChanged(time.time(), execution.id, *seen)

    def _note_result(self, execution: OpenExecution, result: Any) -> None:
        error = getattr(result, "error_before_exec", None) or getattr(result, "error_in_exec", None)
        if error is None:
            return
        name = type(error).__name__
        try:
            value = str(error)
        except Exception:  # the user's own __str__
            value = f"<unprintable {name}>"
        outcome = "interrupted" if name in ("KeyboardInterrupt", "CancelledError") else "error"
        self.session.note_outcome(execution, outcome, name, value, getattr(self.shell, "_last_traceback", None) or [])

    def _is_probe(self, info: Any, parent: Dict[str, Any]) -> bool:
        """An inspector's question (neither kept in the history nor from a cell) is not an execution."""
        if getattr(info, "silent", False):
            return True
        is_kept = getattr(info, "store_history", True)
        has_cell = getattr(info, "cell_id", None) or (parent.get("metadata") or {}).get("cellId")
        return not is_kept and not has_cell and self._running(parent.get("header", {}).get("msg_id")) is None

    def _running(self, msg_id: Optional[str]) -> Optional[OpenExecution]:
        if self._io_thread is None and self._terminal:
            return self._terminal[-1]
        return self.session.execution_of(msg_id) if msg_id else None

    def _execution_count(self, info: Any) -> Optional[int]:
        """IPython 9.8 and later count before this hook, earlier ones after the cell."""
        count = getattr(self.shell, "execution_count", None)
        if not isinstance(count, int):
            return None
        counts_first = tuple(sys.modules["IPython"].version_info[:2]) >= (9, 8)
        return count - 1 if counts_first and getattr(info, "store_history", True) else count

    def _join_running_cell(self) -> None:
        """Loaded by a cell (`%load_ext`, or the first `ds.` call): that cell is already running."""
        parent = self._parent()
        content = parent.get("content") or {}
        is_cell = parent.get("header", {}).get("msg_type") == "execute_request" and not content.get("silent")
        if not is_cell or self._io_thread is None:
            return
        self._begin(None, parent)
        self.session.fault("Recording began in the middle of this cell: what came before is missing.", trace=False)

    # -- what the kernel publishes -------------------------------------------------------------------

    def _tap(self, io_thread: Any) -> None:
        really_send = io_thread._really_send

        def send_and_see(msg: Any, *args: Any, **kwargs: Any) -> Any:
            sent = really_send(msg, *args, **kwargs)
            if not is_forked():  # a child's message comes by here again, in the parent
                try:
                    self._see(msg)
                except Exception:  # the process edge
                    self.session.fault("Something this cell shows was not seen: an internal error, see the log.")
            return sent

        io_thread._really_send = send_and_see
        self._undo.append(lambda: io_thread.__dict__.pop("_really_send", None))

    def _see(self, msg: List[Any]) -> None:
        """One message on its way out: [topic, DELIMITER, signature, header, parent, metadata, content, …]."""
        parts = [part if isinstance(part, bytes) else bytes(part) for part in msg[:8]]
        start = parts.index(DELIMITER) + 2
        header = parts[start]
        if b'"comm_' in header:
            return
        msg_type = json.loads(header).get("msg_type")
        if msg_type not in OUTPUT_TYPES and msg_type != "status":
            return
        parent = json.loads(parts[start + 1])
        msg_id = parent.get("msg_id")
        if not msg_id:
            return
        execution = self.session.execution_of(msg_id)
        if msg_type == "status":
            if b'"idle"' in parts[start + 3]:
                if execution is not None:
                    self.session.finish_execution(execution)
                self._remember(msg_id, execution)
            return
        if execution is None:
            execution = self._closed.get(msg_id)
        if execution is None and msg_id not in self._closed and parent.get("msg_type") == "comm_msg":
            execution = self._begin_widget(msg_id)
        if execution is not None:
            self.session.take_output(execution, msg_type, json.loads(parts[start + 3]))

    def _remember(self, msg_id: str, execution: Optional[OpenExecution]) -> None:
        self._closed[msg_id] = execution
        while len(self._closed) > N_REMEMBERED:
            self._closed.popitem(last=False)

    # -- widgets -------------------------------------------------------------------------------------

    def _begin_widget(self, msg_id: str) -> OpenExecution:
        """A widget's callback becomes an execution only once it shows or records something."""
        return self.session.start_execution(msg_id, "", kind="widget")

    def _widget_in_front(self) -> Optional[OpenExecution]:
        if self.kernel is None or threading.current_thread() is not threading.main_thread():
            return None
        header = self._parent().get("header", {})
        msg_id = header.get("msg_id")
        if header.get("msg_type") != "comm_msg" or not msg_id or msg_id in self._closed:
            return None
        return self.session.execution_of(msg_id) or self._begin_widget(msg_id)

    def _ignore_messages_to_nobody(self) -> None:
        """JupyterLab asks every new kernel for its widgets; one that has none yet prints "No such comm", and no callback ran."""
        handlers = getattr(self.kernel, "shell_handlers", None) or {}
        handle = handlers.get("comm_msg")
        if handle is None:
            return

        @functools.wraps(handle)
        def handle_and_know(stream: Any, ident: Any, msg: Dict[str, Any]) -> Any:
            comms = getattr(getattr(self.kernel, "comm_manager", None), "comms", None)
            if comms is not None and msg.get("content", {}).get("comm_id") not in comms:
                self._remember(msg.get("header", {}).get("msg_id"), None)
            return handle(stream, ident, msg)

        handlers["comm_msg"] = handle_and_know
        self._undo.append(lambda: handlers.update(comm_msg=handle))

    # -- surroundings --------------------------------------------------------------------------------

    def _parent(self) -> Dict[str, Any]:
        """The message that is being worked on: {} in a terminal."""
        if self.kernel is None:
            return {}
        try:
            return self.kernel.get_parent() or {}
        except Exception:  # before the first message, or in ipykernel before 6
            return getattr(self.kernel, "_parent_header", None) or {}

    def _hear_getpass(self) -> None:
        """A password that was typed in is a secret from then on."""
        import getpass  # late: a kernel asks by its own means

        learn = self.session.secrets.learn
        owner: Any = getpass if self.kernel is None else self.kernel
        ask = getattr(owner, "getpass", None)
        if ask is None:
            return

        def getpass_and_learn(*args: Any, **kwargs: Any) -> Any:
            answer = ask(*args, **kwargs)
            learn("getpass", answer)
            return answer

        try:
            owner.getpass = getpass_and_learn
        except Exception:  # a kernel that allows no attributes
            return
        self._undo.append(lambda: owner.__dict__.pop("getpass", None) if owner is self.kernel else setattr(owner, "getpass", ask))

    def _about(self, settings: Settings) -> Dict[str, Any]:
        reasons = []
        if self.kernel is None:
            reasons.append("What a terminal shows is not seen.")
        elif self._io_thread is None:
            reasons.append("What this kernel shows cannot be seen: it is not ipykernel as we know it.")
        notebook = settings.notebook_hint
        if notebook is None and self.kernel is not None and not settings.is_console:
            notebook = notebook_of_parent(os.getppid())
        return {"kernel_id": _kernel_id(self.kernel), "notebook_disk_path": notebook, "capture_reasons": reasons}


class _Interrupter(ast.NodeTransformer):
    """After a Ctrl-C during the wait, the cell is `raise KeyboardInterrupt`: stopped as the user asked, with nothing run."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    def visit(self, node: ast.AST) -> ast.AST:
        if not self._hooks._is_interrupted:
            return node
        self._hooks._is_interrupted = False
        return ast.fix_missing_locations(ast.parse("raise KeyboardInterrupt"))


def digest_of(source: str) -> str:
    """The key of a cell that has no id: the same text is the same cell."""
    import hashlib  # late: cells of a notebook have ids

    return "source-" + hashlib.sha1(source.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _io_thread(kernel: Any) -> Optional[Any]:
    """The kernel's iopub thread if it is one we can listen at."""
    for owner, name in ((kernel, "iopub_thread"), (getattr(kernel, "iopub_socket", None), "io_thread")):
        found = getattr(owner, name, None) if owner is not None else None
        if callable(getattr(found, "_really_send", None)) and callable(getattr(found, "schedule", None)):
            return found
    return None


def _kernel_id(kernel: Any) -> Optional[str]:
    """From `kernel-<id>.json`, the connection file that the server named."""
    path = getattr(getattr(kernel, "parent", None), "connection_file", "") or ""
    match = re.fullmatch(r"kernel-(.+)\.json", os.path.basename(str(path)))
    return match.group(1) if match else None
