"""The recorder process: `python -m dotscience_jlab.recording.process`. One per user, host and data folder.

The main thread runs the socket; each session has a thread of its own that reads its spool; requests run in a small pool.
It starts by taking over every spool that no other recorder holds, and leaves `recorder_idle_s` after the last client is
gone and the last session is stored.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import logging.handlers
import os
import signal
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable

from .. import __version__
from ..errors import DotscienceError, RecorderUnavailable
from ..model.ids import SessionId
from ..model.protocol import MAX_LINE_BYTES, PROTOCOL, common_protocol, decode_message, encode_message
from ..settings import Settings, load_settings
from ..store.base import Store
from ..store.open import open_store
from ..store.recent import Recent, recent_records
from ..store.widen import widen_history
from .activity import Activity
from .arrivals import Arrivals
from .child_look import ChildLook
from .claims import Claims
from .clean_log import CleanFormatter
from .copies import CopyKeeper
from .exit_status import HeldProcess
from .gentle import let_cells_go_first
from .inbox import Inbox, is_alive
from .kernels import Kernels
from .known_secrets import KnownSecrets
from .lost_sessions import close_lost
from .presence import Presence, others_here
from .recorder import SessionRecorder, Surroundings
from .remembering import Remembering
from .remotes import Remotes
from .requests import Desk
from .resources.sampler import Resources
from .searching import Searching
from .tidying import Tidying
from .watch_checks import check_watch, is_check_due
from .workspaces import Workspaces

LIVE_READ_S = 0.25
"""While a cell runs its spool is looked at this often, for live values: one stat each."""
IDLE_READ_S = 2.0
"""Else this often, to see whether its process is still there."""
EXPLANATION_WAIT_S = 0.5
"""For a server's word on how its kernel ended, before the cause counts as unknown."""
STATUS_WAIT_S = 5.0
"""For the exit status of a script that has said goodbye: others' handlers run after ours."""
FAILED_AGAIN_S = 60.0
"""A session that a fault of ours ended is taken in again after so long, or at its next cell; not at once and for ever."""
LOST_EVERY_S = 10.0
"""Between two looks for what is shown as running and is not: another recorder of the folder may have been killed."""
MIN_NOTIFY_S = 0.25
"""At most four notifications a second for one id; the last one is never dropped."""
TOLD_IN_ORDER = ("kernels.report", "documents.renamed")
"""A kernel that serves a notebook's new name, before the rename is known, would begin another notebook's history."""
NEVER_WAITING = ("status", "workspaces.list", "executions.list", "runs.list")
"""Answered also while an index is made anew, when all threads of the others may be waiting for it."""

log = logging.getLogger("dotscience_jlab.recorder")


class RecorderProcess:
    def __init__(self, settings: Settings, known_secrets: KnownSecrets | None = None) -> None:
        self.settings = settings
        self.workspaces = Workspaces(settings, open_store, widen_history, recent_records)
        self.workspaces.known_secrets = known_secrets or self.workspaces.known_secrets
        self.kernels = Kernels()
        self._activities: dict[str, Activity] = {}
        self._claims = Claims()
        self._sessions: dict[str, SessionThread] = {}
        self._failed_at: dict[str, float] = {}
        """By the monotonic clock: sessions that a fault of ours ended."""
        self._clients: set[Client] = set()
        self._busy = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="request")
        self._at_once = ThreadPoolExecutor(max_workers=2, thread_name_prefix="list")
        self._in_order = ThreadPoolExecutor(max_workers=1, thread_name_prefix="report")
        self._quiet_since = self._looked_for_lost_at = time.monotonic()
        self._tidying = Tidying()
        self._stopping = asyncio.Event()
        self._last_told: dict[tuple[str, str], float] = {}
        self._untold: dict[tuple[str, str], dict[str, Any]] = {}
        self.remotes = Remotes(self.workspaces, self.activity)
        self._child_look = ChildLook(self._recorders)
        self.copies = CopyKeeper(self.workspaces, self.remotes, self.activity, self.notify)
        self.arrivals = Arrivals(self.activity, self.notify)
        self.workspaces.on_open = self._opened
        self._remembering = Remembering(self.workspaces, self.activity)
        self._searching = Searching(self.activity)
        self._searched: Future[None] | None = None
        self._presence = Presence(settings)
        self.resources = Resources()
        self.desk = Desk(
            self.workspaces, self.kernels, self.activity, self.notify, settings, self.remotes, self.resources
        )

        self.workspaces.whole_again = self._tell_whole

    def _tell_whole(self, recent: Recent) -> None:
        """Whoever was shown the newest runs alone asks again."""
        for topic in ("status", "execution", "run", "snapshot") if not self._stopping.is_set() else ():
            self.notify(topic, recent.workspace.id, [], None)

    # -- life ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        self._loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(name, self._stopping.set)
        path = self.settings.socket_path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        old_mask = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(self._serve, path, limit=MAX_LINE_BYTES)
        finally:
            os.umask(old_mask)
        try:
            self._adopt_spools()
            self.copies.start()
            self._child_look.start()
            await self._live()
        finally:
            server.close()
            path.unlink(missing_ok=True)
            self.remotes.stop()
            self.copies.stop()
            self.arrivals.stop()
            self._tidying.stop()
            self.resources.stop()
            self._child_look.stop()
            for session in list(self._sessions.values()):
                session.stop()
            self._pool.shutdown(wait=True)
            self._at_once.shutdown(wait=True)
            self._in_order.shutdown(wait=True)
            self._remembering.step(is_last=True)
            self._presence.close()
            self.workspaces.close()

    async def _live(self) -> None:
        """Until told to stop, or long enough without client and work."""
        while not self._stopping.is_set():
            try:
                await asyncio.wait_for(self._stopping.wait(), 1.0)
            except TimeoutError:
                pass
            self._tell_untold()
            self._adopt_spools()
            self._remembering.step()
            self._presence.step(self._stores_in_use())
            self._check_watches()
            self._search()
            if time.monotonic() - self._looked_for_lost_at > LOST_EVERY_S:
                self._looked_for_lost_at = time.monotonic()
                for store in self.workspaces.opened():
                    self._look_for_lost(store)
            self._tidying.step(self.workspaces.opened(), bool(self.sessions_waiting()), time.time())
            is_busy = self.copies.has_more() or self._tidying.is_running or self.arrivals.is_running
            if self._clients or self._sessions or is_busy:
                self._quiet_since = time.monotonic()
            elif time.monotonic() - self._quiet_since > self.settings.recorder_idle_s:
                return

    def _search(self) -> None:
        if not self.sessions_waiting() and (self._searched is None or self._searched.done()):
            self._searched = self._pool.submit(self._searching.step, self.workspaces.opened(), time.time())

    def _opened(self, store: Store) -> None:
        self.arrivals.begin(store)
        self._look_for_lost(store)

    def _look_for_lost(self, store: Store) -> None:
        if not self._stopping.is_set():
            self._pool.submit(self._close_lost, store)

    def _close_lost(self, store: Store) -> None:
        """In a pool thread."""
        try:
            if not store.is_there() or others_here(store, self.settings):
                return
            closed = close_lost(store, self._has_report, time.time())
        except DotscienceError as error:
            log.warning("what is running in %s: %s", store.root, error)
            return
        except Exception:  # the thread's edge
            log.exception("what is running in %s", store.root)
            return
        if closed:
            log.warning("%s: %d records of lost sessions were closed", store.root, len(closed))
            for topic in ("execution", "run"):
                self.notify(topic, store.workspace.id, [], None)

    def _has_report(self, session: str) -> bool:
        with self._busy:
            if session in self._sessions:
                return True
        return (self.settings.spool_dir / session).exists()

    def _check_watches(self) -> None:
        now = time.time()
        for store in self.workspaces.opened():
            if is_check_due(self.activity(store), now):
                self._pool.submit(self._check_watch, store)

    def _check_watch(self, store: Store) -> None:
        """In a pool thread. Where no session is left, the file watches go back: others on this computer need some too."""
        sessions = self._recorders_of(store)
        mapped = [each for recorder in sessions for each in recorder.mapped]
        try:
            check_watch(store, self.workspaces, self.activity(store), time.time(), mapped)
            if not sessions:
                store.stop_watching()
        except Exception:  # the thread's edge
            log.exception("checking %s", store.root)

    def _recorders(self) -> list[SessionRecorder]:
        with self._busy:
            return [thread.recorder for thread in self._sessions.values()]

    def _stores_in_use(self) -> set[Store]:
        return {store for recorder in self._recorders() for store in recorder.stores()}

    def _recorders_of(self, store: Store) -> list[SessionRecorder]:
        return [each for each in self._recorders() if store in each.stores()]

    def _adopt_spools(self) -> None:
        """Take in every session that nobody else holds; new ones appear when a kernel writes before it could connect."""
        try:
            folders = [each for each in self.settings.spool_dir.iterdir() if each.is_dir()]
        except OSError:
            return
        for folder in folders:
            self._session(folder, is_asked=False)

    def _session(self, folder: Path, *, is_asked: bool = True) -> SessionThread | None:
        """is_asked: by that session itself."""
        with self._busy:
            if folder.name in self._sessions:
                return self._sessions[folder.name]
            try:
                inbox = Inbox(folder)
                is_waiting = time.monotonic() - self._failed_at.get(folder.name, -FAILED_AGAIN_S) < FAILED_AGAIN_S
                is_ours = not is_waiting and inbox.is_for(self.settings.node, time.time())
                if not (is_asked or is_ours) or not inbox.take():
                    return None
            except (DotscienceError, OSError) as error:
                log.warning("spool %s: %s", folder.name, error)
                return None
            around = Surroundings(
                self.workspaces,
                self.kernels,
                self.activity,
                self.notify,
                self.acknowledge,
                time.time,
                self.resources,
                self._claims,
            )
            thread = SessionThread(SessionRecorder(inbox, around), self._gone, self._ring_at_end)
            self._sessions[folder.name] = thread
            thread.start()
            return thread

    def _gone(self, session: str) -> None:
        with self._busy:
            ended = self._sessions.pop(session, None)
            if ended is not None and ended.has_failed:
                self._failed_at[session] = time.monotonic()
        self.resources.session_ended(SessionId(session))
        if ended is not None and ended.recorder.witness.held is not None and not self._stopping.is_set():
            self._loop.call_soon_threadsafe(self._let_go, ended.recorder.witness.held)
        for store in ended.recorder.stores() if ended is not None else ():
            if store.is_there() and not self._stopping.is_set():
                self._pool.submit(self._check_watch, store)

    def _ring_at_end(self, thread: SessionThread, held: HeldProcess) -> None:
        """Wake the thread as soon as that process ends."""

        def ended() -> None:
            self._loop.remove_reader(held.descriptor)
            thread.wake()

        self._loop.call_soon_threadsafe(self._loop.add_reader, held.descriptor, ended)

    def _let_go(self, held: HeldProcess) -> None:
        """On the loop, so that its descriptor is watched no more when another one gets the number."""
        self._loop.remove_reader(held.descriptor)
        held.close()

    # -- what others are handed ----------------------------------------------------------------------

    def activity(self, store: Store) -> Activity:
        with self._busy:
            return self._activities.setdefault(store.workspace.id, Activity())

    def sessions_waiting(self) -> list[str]:
        """Sessions with a running cell, or with something that the store has refused so far."""
        with self._busy:
            return [name for name, thread in self._sessions.items() if thread.recorder.is_busy]

    def acknowledge(self, session: str, offset: int) -> None:
        self._loop.call_soon_threadsafe(self._acknowledge, session, offset)

    def _acknowledge(self, session: str, offset: int) -> None:
        for client in self._clients:
            if client.session == session and offset > client.acknowledged:
                client.acknowledged = offset
                client.send({"say": "ack", "session": session, "offset": offset})

    def notify(self, topic: str, workspace: str, ids: list[str], path: str | None) -> None:
        self._loop.call_soon_threadsafe(self._notify, topic, workspace, [str(each) for each in ids], path)

    def _notify(self, topic: str, workspace: str, ids: list[str], path: str | None) -> None:
        """At most one message a MIN_NOTIFY_S for one thing; what is held back goes out with the next tick."""
        key = (topic, ",".join(ids) or workspace)
        message = {"say": "notify", "topic": topic, "workspace": workspace, "ids": ids, "path": path}
        now = self._loop.time()
        wait = self._last_told.get(key, 0.0) + MIN_NOTIFY_S - now
        if wait > 0:
            if key not in self._untold:
                self._loop.call_later(wait, self._tell_untold)
            self._untold[key] = message
            return
        self._untold.pop(key, None)
        self._last_told[key] = now
        if len(self._last_told) > 10_000:
            self._last_told = {each: at for each, at in self._last_told.items() if now - at < 1.0}
        for client in self._clients:
            if client.is_subscribed:
                client.send(message)

    def _tell_untold(self) -> None:
        for message in list(self._untold.values()):
            self._notify(message["topic"], message["workspace"], message["ids"], message["path"])

    # -- clients -------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(writer)
        try:
            hello = decode_message(await reader.readline() or b"{}")
            client.send({"say": "hello", "protocol": PROTOCOL, "version": __version__, "pid": os.getpid()})
            if hello["say"] != "hello" or not common_protocol(hello.get("protocol")):
                return
            client.session = str(hello.get("session") or "")
            self._clients.add(client)
            while line := await reader.readline():
                self._receive(client, decode_message(line))
        except (ValueError, ConnectionError, asyncio.IncompleteReadError) as error:
            log.info("a client left: %s", error)
        finally:
            self._clients.discard(client)
            client.is_gone = True
            self._quiet_since = time.monotonic()
            writer.close()

    def _receive(self, client: Client, message: dict[str, Any]) -> None:
        say = message["say"]
        if say == "wake":
            client.session = str(message.get("session") or client.session)
            if "/" in client.session or not client.session.startswith("k-"):
                return
            session = self._session(self.settings.spool_dir / client.session)
            if session is not None:
                session.wake()
        elif say == "secret":
            self.workspaces.known_secrets.learn_named(str(message.get("name")), str(message.get("value")))
        elif say == "subscribe":
            client.is_subscribed = True
        elif say == "request":
            method = message.get("method")
            pool = self._in_order if method in TOLD_IN_ORDER else self._at_once if method in NEVER_WAITING else self._pool
            pool.submit(self._answer, client, message)

    def _answer(self, client: Client, message: dict[str, Any]) -> None:
        """In a pool thread: one request, one response, whatever happens."""
        number = message.get("id")
        asker = Asker(client, number, self._loop)
        try:
            result = self.desk.answer(str(message.get("method")), message.get("params") or {}, asker)
            response = {"say": "response", "id": number, "result": result}
        except DotscienceError as error:
            response = {"say": "response", "id": number, "error": error.to_json()}
        except Exception as error:  # the process edge: logged once with its trace, answered in a sentence
            log.exception("request %s", message.get("method"))
            wrong = DotscienceError(f"The recorder failed: {type(error).__name__}: {error}.", "`ds doctor` shows its log.")
            response = {"say": "response", "id": number, "error": wrong.to_json()}
        self._loop.call_soon_threadsafe(client.send, response)


class Client:
    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.session = ""
        self.acknowledged = -1
        self.is_subscribed = False
        self.is_gone = False

    def send(self, message: dict[str, Any]) -> None:
        """Into the socket's buffer; a client that is gone, or that reads nothing, is let go."""
        if self._writer.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > MAX_LINE_BYTES:
            self._writer.transport.abort()
            return
        self._writer.write(encode_message(message))


class Asker:
    """Who waits for the answer to one request: told of progress, from any thread."""

    def __init__(self, client: Client, number: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._number = number
        self._loop = loop

    @property
    def is_gone(self) -> bool:
        """The program has ended or was interrupted: nobody waits any more."""
        return self._client.is_gone

    def __call__(self, done: int, total: int, what: str) -> None:
        body = {"say": "progress", "id": self._number, "done": done, "total": total, "what": what}
        self._loop.call_soon_threadsafe(self._client.send, body)


class SessionThread(threading.Thread):
    """Drives one session's recorder: at every wake, while a cell runs, and until its process is gone and all is stored."""

    def __init__(
        self, recorder: SessionRecorder, gone: Callable[[str], None], ring_at_end: Callable[[SessionThread, HeldProcess], None]
    ) -> None:
        """gone: told when it is over. ring_at_end: sees to a wake at the end of that process."""
        super().__init__(name=recorder.inbox.session, daemon=True)
        self.recorder = recorder
        self._gone = gone
        self._ring_at_end = ring_at_end
        self._is_ringing = False
        self._bell = threading.Event()
        self._is_stopping = False
        self._goodbye_at: float | None = None
        self.has_failed = False

    def wake(self) -> None:
        self._bell.set()

    def stop(self) -> None:
        self._is_stopping = True
        self._bell.set()
        self.join(timeout=30)

    def run(self) -> None:
        is_stored = False
        try:
            while not self._is_stopping:
                self.recorder.take_in()
                if self.recorder.witness.held is not None and not self._is_ringing:
                    self._is_ringing = True
                    self._ring_at_end(self, self.recorder.witness.held)
                if self._has_ended():
                    self.recorder.take_in()
                    is_stored = self.recorder.finish()
                    if is_stored:
                        break
                self._bell.wait(LIVE_READ_S if self.recorder.is_busy else IDLE_READ_S)
                self._bell.clear()
        except Exception:  # the thread's edge: the spool stays, and is taken in again
            log.exception("session %s", self.name)
            self.has_failed = True
        finally:
            self.recorder.inbox.release(is_stored=is_stored)
            self._gone(self.name)

    def _has_ended(self) -> bool:
        if self.recorder.finished is not None:
            return self._is_status_out()
        process = self.recorder.inbox.process()
        if process is None:
            return self.recorder.inbox.is_abandoned(time.time())
        if is_alive(process):
            return False
        if not self.recorder.is_end_explained:
            time.sleep(EXPLANATION_WAIT_S)  # its server learns of the end at the same moment as we do
        return True

    def _is_status_out(self) -> bool:
        """A script says goodbye before it ends, and its exit status is part of the story."""
        held, started = self.recorder.witness.held, self.recorder.started
        if held is None or started is None or started.kind != "script" or held.has_ended():
            return True
        self._goodbye_at = self._goodbye_at or time.monotonic()
        return time.monotonic() - self._goodbye_at > STATUS_WAIT_S


def set_up_log(settings: Settings, known: KnownSecrets) -> None:
    """known: what may not stand in it."""
    settings.log_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = logging.handlers.RotatingFileHandler(settings.log_path, maxBytes=1_000_000, backupCount=3)
    handler.setFormatter(CleanFormatter("%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s", known))
    root = logging.getLogger("dotscience_jlab")
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if settings.debug else logging.INFO)


def main() -> int:
    """0 when it has done its work, also when another recorder was there first."""
    settings = load_settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(settings.data_dir / f"recorder-{settings.node}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return 0
    known = KnownSecrets()
    set_up_log(settings, known)
    let_cells_go_first()
    log.info("started: %s", json.dumps({"pid": os.getpid(), "version": __version__, "python": sys.version.split()[0]}))
    try:
        asyncio.run(RecorderProcess(settings, known).run())
    except (OSError, RecorderUnavailable):
        log.exception("stopped")
        return 1
    log.info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
