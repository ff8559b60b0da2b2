"""Real git servers on this machine, for tests: HTTP with a password through `git http-backend`, SSH through a real `ssh`."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

USER, PASSWORD = "ann", "correct-horse"


class GitHttpServer:
    """Serves the bare repositories in a folder to who knows the password. limit_bytes: breaks off a request that sends more."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.limit_bytes: int | None = None
        self.requests: list[tuple[str, int]] = []
        """(path, bytes received)"""
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None: ...

            def do_GET(self) -> None:
                server.answer(self)

            do_POST = do_GET

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if handler.headers.get("Authorization") != expected:
            handler.send_response(401)
            handler.send_header("WWW-Authenticate", 'Basic realm="git"')
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        path, _, query = handler.path.partition("?")
        environment = {
            **os.environ, "GIT_PROJECT_ROOT": str(self.folder), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
            "QUERY_STRING": query, "REQUEST_METHOD": handler.command, "CONTENT_TYPE": handler.headers.get("Content-Type", ""), "REMOTE_USER": USER,
            "REMOTE_ADDR": "127.0.0.1", "HTTP_CONTENT_ENCODING": handler.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": handler.headers.get("Git-Protocol", ""),
        }
        backend = subprocess.Popen(["git", "http-backend"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        n_bytes = 0
        try:
            for data in _body(handler):
                n_bytes += len(data)
                if self.limit_bytes is not None and n_bytes > self.limit_bytes:
                    raise ConnectionError("broken off")
                backend.stdin.write(data)  # type: ignore[union-attr]
            backend.stdin.close()  # type: ignore[union-attr]
        except OSError:
            backend.kill()
            backend.wait()
            return
        finally:
            self.requests.append((path, n_bytes))
        answer, _, body = backend.stdout.read().partition(b"\r\n\r\n")  # type: ignore[union-attr]
        backend.wait()
        headers = dict(line.split(": ", 1) for line in answer.decode().split("\r\n"))
        handler.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(body)


def _body(handler: BaseHTTPRequestHandler) -> Any:
    if handler.headers.get("Transfer-Encoding") == "chunked":
        while size := int(handler.rfile.readline().split(b";")[0], 16):
            yield handler.rfile.read(size)
            handler.rfile.readline()
        handler.rfile.readline()
        return
    left = int(handler.headers.get("Content-Length") or 0)
    while left:
        data = handler.rfile.read(min(left, 65536))
        left -= len(data)
        yield data


def fake_ssh(folder: Path) -> Path:
    """A program in place of ssh: notes how it was called and runs the command here, so that git's own pack programs answer."""
    program = folder / "ssh"
    program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/called\nfor last; do :; done\nexec sh -c "$last"\n')
    program.chmod(0o755)
    return program
