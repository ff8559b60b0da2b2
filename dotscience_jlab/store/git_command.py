"""Runs the `git` program: the one file that starts it. What it must never do here is ask somebody, run a hook, or tidy up.

Why the program and not dulwich's transport: docs/decisions/0005-push-and-pull.md.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from pathlib import Path
from typing import IO, Callable

from ..errors import RemoteError

Progress = Callable[[int, int, str], None]
"""(done, total, what)"""

SETTINGS = (
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "gc.auto=0", "maintenance.auto=false", "credential.interactive=false",
    "fetch.unpackLimit=1", "transfer.fsckObjects=true", "fetch.writeCommitGraph=false", "submodule.recurse=false",
    "push.recurseSubmodules=no", "push.gpgSign=false", "push.followTags=false", "protocol.version=2",
)
PROTOCOLS = "file:ssh:http:https"
FORGOTTEN = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR",
    "GIT_NAMESPACE", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE", "GIT_TRACE", "GIT_TRACE_CURL", "GIT_CURL_VERBOSE", "GIT_PROTOCOL_FROM_USER", "GIT_QUARANTINE_PATH",
)
"""Of the environment that the recorder was started in: another repository's, or would write passwords into our errors."""
SILENT_S = 300.0
"""A git that says nothing and does not end for so long is ended."""
GENTLE_NICENESS = 10
WATCH_S = 0.1
LINES_KEPT = 60
_SHARE = re.compile(r"(?:remote: )?([A-Z][A-Za-z ]+): +\d+% \((\d+)/(\d+)\)")


class GitFailed(Exception):
    """git ended with an error; `said` is what it wrote, fit for a terminal."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class GitCommand:
    """git in the repository at `path`.

    ssh_agent: the socket of the ssh agent to use, if not the one the recorder was started with. is_gentle: with less of the
    processor than anybody else. is_stopped: asked ten times a second; a yes ends a running git.
    """

    def __init__(
        self,
        path: Path,
        *,
        ssh_agent: str | None = None,
        is_gentle: bool = False,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        program = shutil.which("git")
        if program is None:
            raise RemoteError(
                "Push and pull need the program git, and there is none here.",
                "Install git (for instance `conda install git`), then try again.",
            )
        nice = shutil.which("nice") if is_gentle else None
        threads = ("-c", "pack.threads=1") if is_gentle else ()
        settings = (word for setting in SETTINGS for word in ("-c", setting))
        before = (nice, "-n", str(GENTLE_NICENESS)) if nice else ()
        before = (nice, "-n", str(GENTLE_NICENESS)) if nice else ()
        self._words = (*before, program, *settings, *threads, "--git-dir", str(path))
        self._environment = _environment(ssh_agent)
        self._is_stopped = is_stopped
        self._path = path

    def run(self, *words: str, fed: str = "", progress: Progress | None = None) -> str:
        """Its standard output. GitFailed if it ends with an error, RemoteError if it was ended: silent too long, or stopped."""
        process = subprocess.Popen(
            [*self._words, *words], stdin=subprocess.PIPE if fed else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=self._environment, cwd=self._path, start_new_session=True,
        )
        output: list[bytes] = []
        ear = _Ear(progress)
        threads = [
            threading.Thread(target=lambda: output.append(process.stdout.read()), daemon=True),  # type: ignore[union-attr]
            threading.Thread(target=ear.listen, args=(process.stderr,), daemon=True),
        ]
        if fed:
            threads.append(threading.Thread(target=_feed, args=(process.stdin, fed), daemon=True))
        for thread in threads:
            thread.start()
        try:
            self._wait(process, ear, words[0])
        finally:
            _end(process)
            for thread in threads:
                thread.join()
            for pipe in (process.stdout, process.stderr):
                pipe.close()  # type: ignore[union-attr]
        if process.returncode != 0:
            raise GitFailed(ear.said)
        return b"".join(output).decode("utf-8", "surrogateescape")

    def _wait(self, process: subprocess.Popen[bytes], ear: _Ear, what: str) -> None:
        while True:
            try:
                process.wait(timeout=WATCH_S)
                return
            except subprocess.TimeoutExpired:
                if self._is_stopped():
                    raise RemoteError("It was stopped half-way.", "What was sent or fetched so far is not done again.") from None
                if time.monotonic() - ear.heard_at > SILENT_S:
                    sentence = f"git {what} said nothing for {SILENT_S:.0f} s, so it was ended."
                    raise RemoteError(sentence, "Try again; what was done so far is not done again.") from None


class _Ear:
    """Hears what git writes on standard error: progress goes on, the last of the rest is kept."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self.heard_at = time.monotonic()

    @property
    def said(self) -> str:
        return "\n".join(self._lines)

    def listen(self, pipe: IO[bytes]) -> None:
        line = b""
        while data := os.read(pipe.fileno(), 65536):
            self.heard_at = time.monotonic()
            *lines, line = re.split(rb"[\r\n]", line + data)
            for each in lines:
                self._hear(each)
            line = line[-10_000:]
        self._hear(line)

    def _hear(self, line: bytes) -> None:
        text = "".join(each if each.isprintable() else " " for each in line.decode("utf-8", "replace")).strip()
        share = _SHARE.match(text)
        if share and self._progress is not None:
            self._progress(int(share[2]), int(share[3]), share[1].lower())
        elif text and not share:
            self._lines.append(text)


def _feed(pipe: IO[bytes], text: str) -> None:
    try:
        with pipe:
            pipe.write(text.encode("utf-8", "surrogateescape"))
    except OSError:
        return  # git has ended; its own word says why


def _end(process: subprocess.Popen[bytes]) -> None:
    """With its children (ssh, pack-objects), if it still runs."""
    if process.poll() is None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, number)
                process.wait(timeout=5)
                return
            except ProcessLookupError:
                process.wait()
                return
            except subprocess.TimeoutExpired:
                continue


def _environment(ssh_agent: str | None) -> dict[str, str]:
    """The user's own, for his helpers, proxies and keys; but nothing in it may ask, or point at another repository."""
    environment = {name: value for name, value in os.environ.copy().items() if name not in FORGOTTEN}
    environment.update(
        LC_ALL="C", LANGUAGE="C", GIT_TERMINAL_PROMPT="0", GIT_ALLOW_PROTOCOL=PROTOCOLS, GIT_NO_REPLACE_OBJECTS="1",
        GIT_OPTIONAL_LOCKS="0", GIT_ASKPASS="", SSH_ASKPASS="", SSH_ASKPASS_REQUIRE="never",
    )
    if ssh_agent:
        environment["SSH_AUTH_SOCK"] = ssh_agent
    return environment
