"""The connection to the recorder, against a small real peer on a Unix socket that answers lines of the protocol."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import Any

import pytest

from dotscience_jlab.errors import InvalidRequest, NotFound, RecorderUnavailable
from dotscience_jlab.model.protocol import decode_message, encode_message
from dotscience_jlab.server.recorder_connection import RecorderConnection
from dotscience_jlab.settings import Settings

Message = dict[str, Any]


class Peer:
    """Says hello, then leaves each request to `answer`, which sends what it likes."""

    def __init__(self, settings: Settings, hello: Message | None = None) -> None:
        self.path = settings.socket_path
        self.hello = hello or {"say": "hello", "protocol": 1, "version": "test", "pid": os.getpid()}
        self.heard: list[Message] = []
        self.answer: Callable[[Message], list[Message]] = lambda message: [
            {"say": "response", "id": message["id"], "result": message["params"]}
        ]
        self.writers: list[asyncio.StreamWriter] = []

    async def start(self) -> None:
        old_mask = os.umask(0o177)
        try:
            self.server = await asyncio.start_unix_server(self._serve, self.path)
        finally:
            os.umask(old_mask)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        while line := await reader.readline():
            message = decode_message(line)
            self.heard.append(message)
            if message["say"] == "hello":
                writer.write(encode_message(self.hello))
            elif message["say"] == "request":
                for each in self.answer(message):
                    writer.write(encode_message(each))

    def say(self, message: Message) -> None:
        self.writers[-1].write(encode_message(message))

    def hang_up(self) -> None:
        for writer in self.writers:
            writer.close()
        self.writers.clear()

    async def stop(self) -> None:
        self.server.close()
        self.hang_up()
        self.path.unlink(missing_ok=True)


class Joined:
    """A connection to a peer, and what it was told."""

    def __init__(self, settings: Settings) -> None:
        self.peer = Peer(settings)
        self.notified: list[Message] = []
        self.is_another: list[bool] = []
        self.connection = RecorderConnection(settings, self.notified.append, self._connected, logging.getLogger("test"))

    def _connected(self, is_another: bool) -> None:
        self.is_another.append(is_another)
        self.connection.report("said.on.connection", {"n": -1})

    async def __aenter__(self) -> Joined:
        await self.peer.start()
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.connection.close()
        await self.peer.stop()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


async def test_answers_find_their_requests_in_whatever_order(settings: Settings) -> None:
    async with Joined(settings) as joined:
        waiting: list[Message] = []

        def answer_in_reverse(message: Message) -> list[Message]:
            if message["method"] == "m":
                waiting.append(message)
            if len(waiting) < 50:
                return []
            return [{"say": "response", "id": each["id"], "result": each["params"]["n"]} for each in reversed(waiting)]

        joined.peer.answer = answer_in_reverse
        results = await asyncio.gather(*(joined.connection.request("m", {"n": n}) for n in range(50)))
        assert results == list(range(50))
        assert [each["say"] for each in joined.peer.heard[:2]] == ["hello", "subscribe"]
        assert joined.peer.heard[0]["role"] == "server"


async def test_an_error_of_the_recorder_is_raised_as_itself(settings: Settings) -> None:
    async with Joined(settings) as joined:
        error = NotFound("No.", "Look.", a=1).to_json()
        joined.peer.answer = lambda message: [{"say": "response", "id": message["id"], "error": error}]
        with pytest.raises(NotFound) as caught:
            await joined.connection.request("m", {})
        assert (caught.value.message, caught.value.hint, caught.value.details) == ("No.", "Look.", {"a": 1})


async def test_progress_is_a_sign_of_life(settings: Settings) -> None:
    async with Joined(settings) as joined:
        def slowly(message: Message) -> list[Message]:
            loop = asyncio.get_running_loop()
            for n in range(1, 8):
                loop.call_later(n * 0.1, joined.peer.say, {"say": "progress", "id": message["id"], "done": n, "total": 8})
            loop.call_later(0.8, joined.peer.say, {"say": "response", "id": message["id"], "result": "done"})
            return []

        joined.peer.answer = slowly
        assert await joined.connection.request("m", {}, timeout_s=0.5) == "done"


async def test_silence_becomes_an_error(settings: Settings) -> None:
    async with Joined(settings) as joined:
        joined.peer.answer = lambda message: []
        with pytest.raises(RecorderUnavailable, match="did not answer"):
            await joined.connection.request("m", {}, timeout_s=0.1)


async def test_news_are_handed_on(settings: Settings) -> None:
    async with Joined(settings) as joined:
        await joined.connection.request("m", {})
        news = {"say": "notify", "topic": "run", "workspace": "w", "ids": ["r"], "path": None}
        joined.peer.say(news)
        await until(lambda: bool(joined.notified))
        assert joined.notified == [news]


async def test_a_recorder_that_goes_away_fails_what_waited_and_is_found_again(settings: Settings) -> None:
    async with Joined(settings) as joined:
        echo, joined.peer.answer = joined.peer.answer, lambda message: []
        request = asyncio.ensure_future(joined.connection.request("m", {}))
        await until(lambda: any(each.get("method") == "m" for each in joined.peer.heard))
        joined.peer.hang_up()
        with pytest.raises(RecorderUnavailable, match="went away"):
            await request
        joined.peer.answer = echo
        assert await joined.connection.request("m", {"n": 1}) == {"n": 1}
        assert joined.is_another == [True, False]


async def test_reports_wait_for_a_listener_and_keep_their_order(settings: Settings) -> None:
    """What is told at the connection itself comes before what waited for it."""
    async with Joined(settings) as joined:
        for n in range(20):
            joined.connection.report("kernels.report", {"n": n})
        await until(lambda: sum(each["say"] == "request" for each in joined.peer.heard) == 21)
        assert [each["params"]["n"] for each in joined.peer.heard if each["say"] == "request"] == list(range(-1, 20))


async def test_a_recorder_of_another_age_is_named(settings: Settings) -> None:
    async with Joined(settings) as joined:
        joined.peer.hello = {"say": "hello", "protocol": 0, "version": "0.0.1"}
        with pytest.raises(RecorderUnavailable, match="0.0.1.*no protocol in common"):
            await joined.connection.request("m", {})


async def test_a_number_beyond_json_is_an_error_of_the_asker(settings: Settings) -> None:
    async with Joined(settings) as joined:
        with pytest.raises(InvalidRequest):
            await joined.connection.request("m", {"limit": float("inf")})
        assert await joined.connection.request("m", {"n": 1}) == {"n": 1}
