"""A recorder of twenty lines on a real socket: it answers hello, remembers wakes and acknowledges them, late if told so."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Any

from dotscience_jlab.model.protocol import PROTOCOL, decode_message, encode_message
from dotscience_jlab.settings import Settings


class FakeRecorder:
    def __init__(self, settings: Settings, answers: dict[str, Any] | None = None) -> None:
        self.delay_s = 0.0
        self.is_silent = False
        self.wakes: list[int] = []
        self.hellos: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.answers = answers or {}
        """method -> result, or an exception body under the key 'error'"""
        settings.socket_path.parent.mkdir(parents=True, exist_ok=True)
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._server.bind(os.fspath(settings.socket_path))
        os.chmod(settings.socket_path, 0o600)
        self._server.listen()
        self._clients: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with client, client.makefile("rb") as lines:
                for line in lines:
                    answer = self._answer(decode_message(line))
                    if answer is not None:
                        client.sendall(encode_message(answer))
        except OSError:
            return

    def _answer(self, message: dict[str, Any]) -> dict[str, Any] | None:
        if message["say"] == "hello":
            self.hellos.append(message)
            return {"say": "hello", "protocol": PROTOCOL, "version": "0.0.0", "pid": os.getpid()}
        if message["say"] == "wake":
            self.wakes.append(message["offset"])
            time.sleep(self.delay_s)
            return (
                None if self.is_silent else {"say": "ack", "session": message["session"], "offset": message["offset"]}
            )
        if message["say"] == "request":
            if message["method"] != "environments.look":  # asked by a thread, at any moment
                self.requests.append(message)
            found = self.answers.get(message["method"])
            found = found(message["params"]) if callable(found) else found
            if isinstance(found, dict) and set(found) == {"error"}:
                return {"say": "response", "id": message["id"], "error": found["error"]}
            return {"say": "response", "id": message["id"], "result": found}
        return None

    def acknowledge_all(self) -> None:
        """Say at last what was kept back while silent."""
        self.is_silent = False
        session = next(each["session"] for each in reversed(self.hellos) if each.get("session"))
        for client in self._clients:
            try:
                client.sendall(encode_message({"say": "ack", "session": session, "offset": max(self.wakes)}))
            except OSError:
                continue

    def drop_clients(self) -> None:
        for client in self._clients:
            client.close()

    def close(self) -> None:
        try:
            self._server.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept, which would keep it open
        except OSError:  # closed before
            return
        self._server.close()
        for client in self._clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
