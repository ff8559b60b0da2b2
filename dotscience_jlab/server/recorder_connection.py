"""The server's one connection to the recorder: many requests at once, news as it comes, found again when it is lost.

The recorder is started when nobody answers. Requests that were waiting when it went away fail with RecorderUnavailable;
reports that need no answer wait in order for the next connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any, Callable

from .. import __version__
from ..errors import DotscienceError, InvalidRequest, RecorderUnavailable
from ..link.client import check_socket
from ..link.launch import connect_or_launch
from ..model.protocol import MAX_LINE_BYTES, PROTOCOL, common_protocol, decode_message, encode_message
from ..settings import Settings

HELLO_TIMEOUT_S = 5.0
REQUEST_TIMEOUT_S = 120.0
"""From the last sign of life: a message about progress starts it again."""
CONNECT_TIMEOUT_S = 20.0
FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 30.0
LAST_WORD_S = 1.0
"""At the server's end, for reports to be taken."""
MAX_WAITING_REPORTS = 10_000

Message = dict[str, Any]


class RecorderConnection:
    """`open()` keeps it connected from then on; `close()` ends that. One per server, used on its event loop only.

    `on_connected(is_another)`: whether it is another recorder than last time, which knows nothing of what was reported.
    """

    def __init__(
        self,
        settings: Settings,
        on_notify: Callable[[Message], None],
        on_connected: Callable[[bool], None],
        log: logging.Logger | logging.LoggerAdapter[Any],
    ) -> None:
        self._settings = settings
        self._on_notify = on_notify
        self._on_connected = on_connected
        self._log = log
        self._writer: asyncio.StreamWriter | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._is_connected = asyncio.Event()
        self._wanted = asyncio.Event()
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._signs_of_life: dict[int, float] = {}
        self._reports: deque[tuple[str, Message]] = deque(maxlen=MAX_WAITING_REPORTS)
        self._next_id = 1
        self._recorder_pid: Any = None
        self._problem: RecorderUnavailable | None = None

    def open(self) -> None:
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep_connected(), name="dotscience recorder connection")

    async def close(self) -> None:
        keeper, self._keeper = self._keeper, None
        await self._reports_are_taken()
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        self._disconnected("The Jupyter server is stopping.")

    async def request(self, method: str, params: Message, timeout_s: float = REQUEST_TIMEOUT_S) -> Any:
        """The result of one method of docs/requests.md. Errors: the recorder's own, or RecorderUnavailable."""
        self.open()
        await self._wait_connected()
        number, future = self._send(method, params)
        loop = asyncio.get_running_loop()
        try:
            while True:
                left = self._signs_of_life[number] + timeout_s - loop.time()
                if left <= 0:
                    raise RecorderUnavailable(
                        f"The recorder did not answer {method} within {timeout_s:g} s.", "`ds doctor` shows its log."
                    )
                done, _ = await asyncio.wait([future], timeout=left)
                if done:
                    return future.result()
        finally:
            self._pending.pop(number, None)
            self._signs_of_life.pop(number, None)

    def report(self, method: str, params: Message) -> None:
        """Tell without waiting, in order; kept for later while nobody listens (the newest MAX_WAITING_REPORTS)."""
        self.open()
        self._reports.append((method, params))
        self._send_reports()

    # -- the connection ------------------------------------------------------------------------------

    async def _keep_connected(self) -> None:
        retry_s = FIRST_RETRY_S
        while True:
            self._wanted.clear()
            try:
                reader = await self._connect()
            except (RecorderUnavailable, OSError, ValueError, TimeoutError) as error:
                self._fail(error)
                try:  # a request that comes in meanwhile is worth a try of its own
                    await asyncio.wait_for(self._wanted.wait(), retry_s)
                except TimeoutError:
                    retry_s = min(retry_s * 2, LONGEST_RETRY_S)
                continue
            retry_s = FIRST_RETRY_S
            await self._read(reader)
            self._disconnected("The recorder went away while it was asked.")
            await asyncio.sleep(FIRST_RETRY_S)

    async def _connect(self) -> asyncio.StreamReader:
        path = self._settings.socket_path
        try:
            check_socket(path)
            reader, writer = await asyncio.open_unix_connection(path, limit=MAX_LINE_BYTES)
        except (RecorderUnavailable, OSError):
            # Starting one takes the time of a Python start: not on the event loop.
            link = await asyncio.to_thread(connect_or_launch, self._settings, "server", None, CONNECT_TIMEOUT_S)
            link.close()
            reader, writer = await asyncio.open_unix_connection(path, limit=MAX_LINE_BYTES)
        try:
            writer.write(encode_message({"say": "hello", "protocol": PROTOCOL, "role": "server", "version": __version__}))
            hello = decode_message(await asyncio.wait_for(reader.readline(), HELLO_TIMEOUT_S))
            if hello["say"] != "hello" or not common_protocol(hello.get("protocol")):
                raise RecorderUnavailable(
                    f"The recorder (version {hello.get('version')}) and this server (version {__version__}) "
                    "have no protocol in common.",
                    "Restart Jupyter and the kernels, so that all are of one version.",
                )
            writer.write(encode_message({"say": "subscribe"}))
        except BaseException:
            writer.close()
            raise
        self._writer, self._problem = writer, None
        self._is_connected.set()
        # What is so now is told first, what happened meanwhile after it: a kernel that died stays dead.
        waiting, self._reports = self._reports, deque(maxlen=MAX_WAITING_REPORTS)
        is_another, self._recorder_pid = hello.get("pid") != self._recorder_pid, hello.get("pid")
        self._on_connected(is_another)
        self._reports.extend(waiting)
        self._send_reports()
        return reader

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await reader.readline()
                if not line:
                    return
                self._receive(decode_message(line))
            except (OSError, ValueError, asyncio.IncompleteReadError) as error:
                self._log.warning("dotscience: the recorder's line could not be read: %s", error)
                return

    def _receive(self, message: Message) -> None:
        if message["say"] == "notify":
            self._on_notify(message)
            return
        number = message.get("id")
        future = self._pending.get(number) if isinstance(number, int) else None
        if future is None or future.done():
            return
        if message["say"] == "progress":
            self._signs_of_life[number] = asyncio.get_running_loop().time()
        elif message["say"] == "response":
            if "error" in message:
                future.set_exception(DotscienceError.from_json(message["error"]))
            else:
                future.set_result(message.get("result"))

    # -- sending -------------------------------------------------------------------------------------

    async def _wait_connected(self) -> None:
        """At once when connected; else as long as a start takes, or until the next try has failed."""
        if self._is_connected.is_set():
            return
        self._problem = None
        self._wanted.set()
        deadline = asyncio.get_running_loop().time() + CONNECT_TIMEOUT_S
        while not self._is_connected.is_set():
            if self._problem is not None:
                raise self._problem
            if asyncio.get_running_loop().time() > deadline:
                raise RecorderUnavailable("The recorder does not answer.", "`ds doctor` says what is wrong with it.")
            try:
                await asyncio.wait_for(self._is_connected.wait(), 0.05)
            except TimeoutError:
                pass

    def _send(self, method: str, params: Message) -> tuple[int, asyncio.Future[Any]]:
        if self._writer is None:
            raise RecorderUnavailable("The recorder went away.", "It is started again; try once more.")
        number, self._next_id = self._next_id, self._next_id + 1
        try:
            line = encode_message({"say": "request", "id": number, "method": method, "params": params})
        except ValueError as error:
            raise InvalidRequest(f"The request holds a number that JSON cannot hold ({error}).") from error
        if len(line) > MAX_LINE_BYTES:
            raise InvalidRequest(f"The request is larger than {MAX_LINE_BYTES} bytes.", "Clear the largest outputs first.")
        loop = asyncio.get_running_loop()
        self._pending[number] = future = loop.create_future()
        self._signs_of_life[number] = loop.time()
        self._writer.write(line)
        return number, future

    def _send_reports(self) -> None:
        while self._reports and self._writer is not None and not self._writer.is_closing():
            method, params = self._reports.popleft()
            try:
                number, future = self._send(method, params)
            except InvalidRequest as error:
                self._log.warning("dotscience: %s could not be reported: %s", method, error)
                continue
            future.add_done_callback(lambda done, number=number, method=method: self._reported(done, number, method))

    def _reported(self, done: asyncio.Future[Any], number: int, method: str) -> None:
        self._pending.pop(number, None)
        self._signs_of_life.pop(number, None)
        if not done.cancelled() and done.exception() is not None:
            self._log.warning("dotscience: %s was not taken: %s", method, done.exception())

    async def _reports_are_taken(self) -> None:
        """What was said last is said of kernels that end now: their recorder should know it before they do."""
        waiting = [each for each in self._pending.values() if not each.done()]
        if waiting and self._writer is not None:
            await asyncio.wait(waiting, timeout=LAST_WORD_S)

    def _disconnected(self, why: str) -> None:
        self._is_connected.clear()
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        for future in list(self._pending.values()):
            if not future.done():
                future.set_exception(RecorderUnavailable(why, "It is started again; try once more."))

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, RecorderUnavailable):
            error = RecorderUnavailable(f"The recorder does not answer ({error}).", "`ds doctor` says what is wrong with it.")
        if self._problem is None:
            self._log.warning("dotscience: %s", error)
        self._problem = error
