"""One connection to the recorder over its Unix socket: the doorbell of a kernel, the requests of everybody else.

Two ways to use it, never both on one connection: `wake` and `acknowledged` (neither blocks), or `request` and `messages`
(both wait). `wake` may be called from any thread; of the others one at a time, its owner holds a lock.
"""

from __future__ import annotations

import os
import select
import socket
import stat
import time
from typing import Any, Callable, Dict, Iterator, List, Optional

from .. import __version__
from ..errors import DotscienceError, RecorderUnavailable
from ..model.protocol import MAX_LINE_BYTES, PROTOCOL, common_protocol, decode_message, encode_message
from ..settings import Settings

HELLO_TIMEOUT_S = 5.0
READ_BYTES = 256 * 1024

Progress = Callable[[int, int, str], None]
"""(done, total, what): called any number of times before the answer."""

_REMEDY = "`ds doctor` says what is wrong with the recorder."


class Link:
    """Made by `connect`; `is_open` turns False when the recorder is gone, and stays so."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._received = bytearray()
        self._next_id = 1
        self.is_open = True
        self.acknowledged: Dict[str, int] = {}
        """session -> everything before this offset is staged; kept up by `read_acks` and `wait_ack`."""
        self.recorder: Dict[str, Any] = {}
        """The recorder's hello: protocol, version, pid."""

    # -- the doorbell --------------------------------------------------------------------------------

    def wake(self, session: str, offset: int) -> bool:
        """Say that the spool holds whole frames up to `offset`. Never blocks; False if the recorder is gone or stuffed."""
        return self._send_at_once({"say": "wake", "session": session, "offset": offset})

    def tell_secret(self, name: str, value: str) -> bool:
        """What the recorder must not keep either, where it stands in files. In memory only, there as here. Never blocks."""
        return self._send_at_once({"say": "secret", "name": name, "value": value})

    def read_acks(self) -> None:
        """Take in the acknowledgements that have arrived; never blocks."""
        while self.is_open and self._has_arrived(0.0):
            self._fill()
            self._note_acks()

    def wait_ack(self, session: str, offset: int, timeout_s: float) -> bool:
        """True once everything before `offset` is staged, False after `timeout_s` or when the recorder is gone.

        A KeyboardInterrupt goes through to the caller; nothing received is lost by it.
        """
        deadline = time.monotonic() + timeout_s
        self.read_acks()
        while self.is_open and self.acknowledged.get(session, -1) < offset:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self._has_arrived(left):
                self._fill()
                self._note_acks()
        return self.acknowledged.get(session, -1) >= offset

    # -- requests ------------------------------------------------------------------------------------

    def request(self, method: str, params: Optional[Dict[str, Any]] = None, *, timeout_s: float = 60.0,
                progress: Optional[Progress] = None) -> Any:
        """The result of `method` (docs/requests.md). `timeout_s` counts from the last sign of life.

        Errors: the recorder's own DotscienceError; RecorderUnavailable if it goes away or falls silent.
        """
        number, self._next_id = self._next_id, self._next_id + 1
        self._send({"say": "request", "id": number, "method": method, "params": params or {}}, timeout_s)
        while True:
            message = self._next_message(timeout_s)
            if message is None:
                self.close()
                raise RecorderUnavailable(f"The recorder did not answer {method} within {timeout_s:g} s.", _REMEDY)
            if message.get("id") != number:
                continue
            if message["say"] == "progress" and progress is not None:
                progress(int(message.get("done", 0)), int(message.get("total", 0)), str(message.get("what", "")))
            elif message["say"] == "response":
                if "error" in message:
                    raise DotscienceError.from_json(message["error"])
                return message.get("result")

    def subscribe(self) -> None:
        """From now on `messages` yields notifications too."""
        self._send({"say": "subscribe"}, HELLO_TIMEOUT_S)

    def messages(self, timeout_s: Optional[float] = None) -> Iterator[Dict[str, Any]]:
        """Whatever the recorder says, until it goes away or says nothing for `timeout_s` (None: wait for ever)."""
        while self.is_open:
            try:
                message = self._next_message(timeout_s)
            except RecorderUnavailable:
                return
            if message is None:
                return
            yield message

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self.is_open = False
        self._socket.close()

    def __enter__(self) -> "Link":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    # -- bytes ---------------------------------------------------------------------------------------

    def _send(self, message: Dict[str, Any], timeout_s: float) -> None:
        if not self.is_open:
            raise RecorderUnavailable("The connection to the recorder is closed.", _REMEDY)
        self._socket.settimeout(timeout_s)
        try:
            self._socket.sendall(encode_message(message))
        except OSError as error:
            self.close()
            raise RecorderUnavailable(f"The recorder went away ({error}).", _REMEDY) from error

    def _send_at_once(self, message: Dict[str, Any]) -> bool:
        """All of it or nothing: a line cut in half would spoil every later one, so then the connection ends."""
        if not self.is_open:
            return False
        if not self._takes_more():
            return False  # stuffed by a recorder that reads nothing; asked first, because a socket with a timeout waits in `send`
        line = encode_message(message)
        try:
            n_sent = self._socket.send(line, getattr(socket, "MSG_DONTWAIT", 0))
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            self.close()
            return False
        if n_sent != len(line):
            self.close()
            return False
        return True

    def _takes_more(self) -> bool:
        """True if a short line can be sent without waiting."""
        try:
            return bool(select.select([], [self._socket], [], 0.0)[1])
        except ValueError:  # as below
            poll = select.poll()
            poll.register(self._socket, select.POLLOUT)
            return bool(poll.poll(0))
        except OSError:
            self.close()
            return False

    def _has_arrived(self, timeout_s: Optional[float]) -> bool:
        try:
            return bool(select.select([self._socket], [], [], timeout_s)[0])
        except ValueError:  # a descriptor beyond select's 1024: ask the other way
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            return bool(poll.poll(None if timeout_s is None else timeout_s * 1000))
        except OSError:
            self.close()
            return False

    def _fill(self) -> None:
        try:
            data = self._socket.recv(READ_BYTES)
        except OSError:
            data = b""
        if not data or len(self._received) > MAX_LINE_BYTES:
            self.close()
        self._received += data

    def _take_lines(self) -> List[Dict[str, Any]]:
        messages = []
        while True:
            end = self._received.find(b"\n")
            if end < 0:
                return messages
            line = bytes(self._received[:end])
            del self._received[: end + 1]
            try:
                messages.append(decode_message(line))
            except ValueError:
                self.close()
                return messages

    def _note_acks(self) -> None:
        for message in self._take_lines():
            if message["say"] == "ack" and isinstance(message.get("offset"), int):
                session = str(message.get("session"))
                self.acknowledged[session] = max(message["offset"], self.acknowledged.get(session, -1))

    def _next_message(self, timeout_s: Optional[float]) -> Optional[Dict[str, Any]]:
        """The next line as a message; None after `timeout_s` of silence; RecorderUnavailable when the recorder is gone."""
        while True:
            end = self._received.find(b"\n")
            if end >= 0:
                line = bytes(self._received[:end])
                del self._received[: end + 1]
                try:
                    return decode_message(line)
                except ValueError as error:
                    self.close()
                    raise RecorderUnavailable("The recorder speaks a language of its own.", _REMEDY) from error
            if not self.is_open:
                raise RecorderUnavailable("The recorder went away.", _REMEDY)
            if not self._has_arrived(timeout_s):
                return None
            self._fill()


def connect(settings: Settings, role: str, session: Optional[str] = None, timeout_s: float = HELLO_TIMEOUT_S) -> Link:
    """A connection with both hellos said. role: kernel | server | cli. RecorderUnavailable if nobody answers.

    The socket must be ours: one that another user owns, or may write to, is not spoken to.
    """
    path = settings.socket_path
    if not hasattr(socket, "AF_UNIX"):
        raise RecorderUnavailable("This system has no Unix sockets.", "Recording works on Linux and macOS so far.")
    check_socket(path)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.settimeout(timeout_s)
    try:
        sock.connect(os.fspath(path))
    except OSError as error:
        sock.close()
        raise RecorderUnavailable("No recorder is running.", _REMEDY) from error
    link = Link(sock)
    hello = {"say": "hello", "protocol": PROTOCOL, "role": role, "version": __version__, "session": session}
    try:
        link._send(hello, timeout_s)
        answer = link._next_message(timeout_s)
    except BaseException:
        link.close()
        raise
    if answer is None or answer["say"] != "hello" or not common_protocol(answer.get("protocol")):
        link.close()
        theirs = (answer or {}).get("version", "unknown")
        raise RecorderUnavailable(
            f"The recorder (version {theirs}) and this program (version {__version__}) have no protocol in common.",
            "Restart the kernel, or stop the recorder with `ds doctor`, so that both are of one version.",
        )
    link.recorder = answer
    return link


def check_socket(path: "os.PathLike[str]") -> None:
    """RecorderUnavailable unless `path` is a socket of this user that nobody else may use."""
    try:
        found = os.lstat(path)
    except OSError as error:
        raise RecorderUnavailable("No recorder is running.", _REMEDY) from error
    if not stat.S_ISSOCK(found.st_mode):
        raise RecorderUnavailable(f"{path} is not a socket.", "Remove it; the recorder makes its own.")
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        raise RecorderUnavailable(f"The socket {path} belongs to another user.", "Set JUPYTER_RUNTIME_DIR to a folder of yours.")
    if found.st_mode & 0o077:
        raise RecorderUnavailable(f"The socket {path} is open to other users.", "Remove it; the recorder makes its own.")
