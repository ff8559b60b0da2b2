"""Real git servers on this machine, for tests: HTTP with a password through `git http-backend`, SSH through a real `ssh`."""

from __future__ import annotations

import asyncio
import base64
import os
import shlex
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import asyncssh

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
            **os.environ, "GIT_PROJECT_ROOT": str(self.folder), "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path, "QUERY_STRING": query,
            "REQUEST_METHOD": handler.command, "CONTENT_TYPE": handler.headers.get("Content-Type", ""), "REMOTE_USER": USER,
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


class GitSshServer:
    """A real SSH server on this machine, for a real `ssh`: who has the key may run git's pack programs."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self.key, self.wrong_key, self.known_hosts = folder / "key", folder / "wrong", folder / "known_hosts"
        for path, key in ((self.key, self._key), (self.wrong_key, asyncssh.generate_private_key("ssh-ed25519"))):
            key.write_private_key(path)
            path.chmod(0o600)
        allowed = asyncssh.import_authorized_keys(self._key.export_public_key().decode())
        serve = asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[self._host_key], authorized_client_keys=allowed,
            process_factory=_run_git, encoding=None,
        )
        self._server = self._loop.run_until_complete(serve)
        self.port = self._server.sockets[0].getsockname()[1]
        self.known_hosts.write_text("")
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def let_know(self) -> None:
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {self._host_key.export_public_key().decode()}")

    def command(self, key: Path) -> str:
        options = {
            "IdentityFile": key, "IdentitiesOnly": "yes", "UserKnownHostsFile": self.known_hosts, "StrictHostKeyChecking": "yes",
        }
        return "ssh -F none " + " ".join(f"-o {name}={value}" for name, value in options.items())

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _end(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        others = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
        await asyncio.wait(others or [asyncio.create_task(asyncio.sleep(0))], timeout=5)


async def _run_git(process: Any) -> None:
    words = shlex.split(process.command)
    assert words[0] in ("git-upload-pack", "git-receive-pack"), words
    git = await asyncio.create_subprocess_exec(
        "git", words[0].removeprefix("git-"), *words[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    await process.redirect(stdin=git.stdin, stdout=git.stdout, stderr=git.stderr)
    process.exit(await git.wait())
