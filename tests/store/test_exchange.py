"""Bytes on their way: over a path, HTTP and SSH; in steps, broken off anywhere, and from a remote that means harm."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dotscience_jlab.errors import Conflict, RemoteError
from dotscience_jlab.model.remote import SAME, Remote
from dotscience_jlab.recording.exchange import pull, push
from dotscience_jlab.recording.restore_plan import plan_restore
from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.exchange import Exchange, is_in_step
from dotscience_jlab.store.far_side import FarSide, begin_repository
from dotscience_jlab.store.history import History
from dotscience_jlab.store.objects import CommitText, TreeItem
from dotscience_jlab.store.open import open_store

from .contract import execution, publish, run, scan_and_publish
from .git_server import PASSWORD, USER, GitHttpServer, GitSshServer, fake_ssh

KIB = 1024
ROOMY = KeepRules(free_bytes=0, free_share=0.0)


def git(folder: Path, *words: str, fed: bytes = b"") -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, input=fed)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("utf-8", "surrogateescape")


def silent(done: int, total: int, what: str) -> None:
    """Progress that nobody looks at."""


def broken_off(*_: object, **__: object) -> None:
    raise RemoteError("The connection broke off.")


class Side:
    """A folder's history and its remote `origin`."""

    def __init__(self, root: Path, url: str, **options: object) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.store: History = open_store(root, create=True)
        self.url, self.options = url, options

    def exchange(self, **options: object) -> Exchange:
        return Exchange(self.store, Remote("origin", self.url), **{**self.options, **options})  # type: ignore[arg-type]

    def push(self, progress: Callable[[int, int, str], None] = silent, **options: object) -> dict:
        return push(self.exchange(**options), is_unscanned_allowed=True, progress=progress)

    def pull(self, progress: Callable[[int, int, str], None] = silent, **options: object) -> dict:
        return pull(self.exchange(**options), self.store.locked(), join=False, progress=progress)

    def work(self, n: int, **files: bytes) -> None:
        made = publish(self.store, {f"f/{name}": data for name, data in files.items()}, f"cell {n}")
        self.store.append([execution(n, snapshot=made.id), run(n)])


@pytest.fixture
def url(tmp_path: Path) -> str:
    begin_repository(str(tmp_path / "there.git"))
    return str(tmp_path / "there.git")


@pytest.fixture
def one(tmp_path: Path, url: str) -> Iterator[Side]:
    side = Side(tmp_path / "one", url)
    yield side
    side.store.close()


@pytest.fixture
def two(tmp_path: Path, url: str) -> Iterator[Side]:
    side = Side(tmp_path / "two", url)
    yield side
    side.store.close()


def same(one: Side, two: Side) -> bool:
    return (
        [each.id for each in one.store.snapshots()] == [each.id for each in two.store.snapshots()]
        and one.store.index.executions(limit=1000) == two.store.index.executions(limit=1000)
        and all(one.store.tree(each.id) == two.store.tree(each.id) for each in one.store.snapshots())
        and git(two.store.root / ".dotscience" / "store.git", "fsck", "--strict", "--no-dangling") == ""
    )


def noise(n_bytes: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(n_bytes)


class TestWays:
    """The same history over every kind of connection."""

    def there_and_back(self, one: Side, two: Side) -> None:
        for n in range(3):
            one.work(n, a=noise(20 * KIB, n))
        words: set[str] = set()
        assert one.push(lambda done, total, what: words.add(what))["n_sent"] == 2
        assert any("writing objects" in each for each in words)
        two.pull()
        assert same(one, two)
        two.work(7, b=b"7")
        two.push()
        assert one.pull()["is_forwarded"] and same(one, two)

    def test_over_a_path(self, one: Side, two: Side) -> None:
        self.there_and_back(one, two)

    def test_over_a_file_address(self, one: Side, two: Side, url: str) -> None:
        one.url = two.url = f"file://{url}"
        self.there_and_back(one, two)

    def test_over_http_with_a_password_from_netrc(self, one: Side, two: Side, tmp_path: Path, own_home: Path) -> None:
        git(tmp_path / "there.git", "config", "http.receivepack", "true")
        server = GitHttpServer(tmp_path)
        try:
            one.url = two.url = f"{server.url}/there.git"
            one.work(1, a=b"1")
            with pytest.raises(RemoteError, match="does not let you in.*credential helper or ~/.netrc"):
                one.push()
            for password in ("wrong", PASSWORD):
                (own_home / ".netrc").write_text(f"machine 127.0.0.1 login {USER} password {password}\n")
                if password == "wrong":
                    with pytest.raises(RemoteError, match="does not let you in"):
                        one.push()
            self.there_and_back(one, two)
            kept = b"".join(path.read_bytes() for path in (one.store.root / ".dotscience").rglob("*") if path.is_file())
            assert PASSWORD.encode() not in kept
            one.url = f"{server.url}/nothing.git"
            with pytest.raises(RemoteError, match="There is no repository at"):
                one.push()
        finally:
            server.close()

    @pytest.mark.parametrize("form", ["ann@far:{path}", "ssh://ann@far:2222{path}", "git+ssh://far{path}"])
    def test_over_ssh(self, one: Side, two: Side, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
        monkeypatch.setenv("GIT_SSH", str(fake_ssh(tmp_path)))
        monkeypatch.setenv("GIT_SSH_VARIANT", "ssh")
        one.url = two.url = form.format(path=url)
        self.there_and_back(one, two)
        called = (tmp_path / "called").read_text()
        assert f"git-receive-pack '{url}'" in called and f"git-upload-pack '{url}'" in called

    @pytest.mark.filterwarnings("ignore:coroutine 'Queue.join' was never awaited")
    @pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh here")
    def test_over_a_real_ssh_with_its_key(self, one: Side, two: Side, url: str, tmp_path: Path, monkeypatch) -> None:
        server = GitSshServer(tmp_path)
        monkeypatch.setenv("GIT_SSH_COMMAND", server.command(server.key))
        one.url = two.url = f"ssh://ann@127.0.0.1:{server.port}{url}"
        try:
            one.work(1, a=b"1")
            with pytest.raises(RemoteError, match="ssh does not know the server of .* yet"):
                one.push()
            server.let_know()
            self.there_and_back(one, two)
            monkeypatch.setenv("GIT_SSH_COMMAND", server.command(server.wrong_key))
            with pytest.raises(RemoteError, match="does not let you in.*ssh agent"):
                one.push()
        finally:
            server.close()

    def test_who_cannot_be_reached_is_named(self, one: Side) -> None:
        one.work(1, a=b"1")
        one.url = "http://127.0.0.1:1/x.git"
        with pytest.raises(RemoteError, match="127.0.0.1:1/x.git does not answer"):
            one.push()

    def test_nothing_of_the_environment_leads_elsewhere(self, one: Side, two: Side, tmp_path: Path, monkeypatch) -> None:
        for name in ("GIT_DIR", "GIT_OBJECT_DIRECTORY", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_NAMESPACE"):
            monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
        one.work(1, a=b"1")
        one.push()
        two.pull()
        for name in ("GIT_DIR", "GIT_OBJECT_DIRECTORY", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_NAMESPACE"):
            monkeypatch.delenv(name)
        assert same(one, two) and not (tmp_path / "elsewhere").exists()

    def test_no_hook_of_the_history_runs(self, one: Side, tmp_path: Path) -> None:
        hooks = one.store.root / ".dotscience/store.git/hooks"
        hooks.mkdir(exist_ok=True)
        for name in ("pre-push", "reference-transaction", "post-checkout"):
            (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
            (hooks / name).chmod(0o755)
        one.work(1, a=b"1")
        one.push()
        one.pull()
        assert not (tmp_path / "ran").exists()


@pytest.fixture
def far(tmp_path: Path, own_home: Path) -> Iterator[GitHttpServer]:
    """`there.git` over HTTP, with its password known."""
    helper = "!f() { echo username=%s; echo 'password=%s'; }; f" % (USER, PASSWORD)
    subprocess.run(["git", "config", "--global", "credential.helper", helper], check=True)
    server = GitHttpServer(tmp_path)
    yield server
    server.close()


class TestSteps:
    STEP = 300 * KIB

    @pytest.fixture
    def sent(self, one: Side, url: str) -> list[str]:
        """What arrives at the remote, ref by ref, each with the bytes of its push."""
        log = Path(url).with_name("log")
        hook = Path(url) / "hooks" / "post-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\nwhile read old new ref; do echo $ref; done >> {log}\n")
        hook.chmod(0o755)
        one.options = {"step_bytes": self.STEP}
        return [log]  # type: ignore[list-item]

    def size_there(self, url: str) -> int:
        return sum(path.stat().st_size for path in (Path(url) / "objects").rglob("*") if path.is_file())

    def test_little_goes_at_once(self, one: Side, url: str, sent: list) -> None:
        one.work(1, a=noise(10 * KIB, 1))
        one.push()
        assert sent[0].read_text().split() == ["refs/heads/main", "refs/ds/records"]

    def test_names_move_when_everything_is_there(self, one: Side, two: Side, url: str, sent: list) -> None:
        for n in range(6):
            one.work(n, **{f"a{n}": noise(200 * KIB, n)})
        one.work(7, **{f"big{n}": noise(100 * KIB, 100 + n) for n in range(10)})
        one.push()
        refs = sent[0].read_text().split()
        assert len(refs) >= 6 and all(ref.startswith("refs/ds/incoming/w-") for ref in refs[:-3])
        assert sorted(refs[-3:]) == ["refs/ds/incoming/" + one.store.workspace.id, "refs/ds/records", "refs/heads/main"]
        assert git(Path(url), "for-each-ref", "--format=%(refname)").split() == ["refs/ds/records", "refs/heads/main"]
        assert self.size_there(url) < 1.1 * 2200 * KIB, "sent once"
        two.pull()
        assert same(one, two) and is_in_step(one.store, Remote("origin", url))

    @pytest.mark.parametrize("n_before", [1, 3, 6])
    def test_a_push_that_breaks_off_goes_on_where_it_was(self, one: Side, two: Side, url: str, sent: list, n_before: int) -> None:
        """Whether between groups of snapshots or inside one large snapshot; with more work done meanwhile."""
        one.work(1, a=noise(200 * KIB, 1))
        one.work(2, **{f"big{n}": noise(100 * KIB, 100 + n) for n in range(12)})
        one.work(3, b=noise(200 * KIB, 3))
        real = FarSide.push
        n_pushed = 0

        def push_some(side, updates, progress):
            nonlocal n_pushed
            if n_pushed == n_before:
                raise RemoteError("The connection broke off.")
            n_pushed += 1
            return real(side, updates, progress)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FarSide, "push", push_some)
            with pytest.raises(RemoteError):
                one.push()
        before = self.size_there(url)
        assert "refs/heads/main" not in git(Path(url), "for-each-ref") and before > n_before * 100 * KIB
        one.work(4, c=noise(50 * KIB, 4))
        one.push()
        assert self.size_there(url) < 1.05 * (200 + 1200 + 200 + 50) * KIB + 40 * KIB, "nothing large was sent twice"
        two.pull()
        assert same(one, two)
        assert git(Path(url), "for-each-ref", "--format=%(refname)").split() == ["refs/ds/records", "refs/heads/main"]

    def test_one_whose_carriers_were_swept_up_still_arrives(self, one: Side, two: Side, url: str, sent: list) -> None:
        one.work(2, **{f"big{n}": noise(100 * KIB, 100 + n) for n in range(12)})
        real = FarSide.push
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FarSide, "push", lambda side, *told: (real(side, *told), broken_off()))
            with pytest.raises(RemoteError):
                one.push()
        store = one.store.root / ".dotscience" / "store.git"
        git(store, "update-ref", "-d", "refs/ds/remotes/origin/sent")
        git(store, "prune", "--expire=now")
        one.push()
        two.pull()
        assert same(one, two) and "incoming" not in git(Path(url), "for-each-ref")

    def test_a_carrier_that_is_not_known_here_is_replaced(self, one: Side, two: Side, url: str, sent: list) -> None:
        one.work(2, **{f"big{n}": noise(100 * KIB, 100 + n) for n in range(12)})
        identity = ("-c", "user.name=x", "-c", "user.email=x@y")
        stranger = git(Path(url), *identity, "commit-tree", git(Path(url), "mktree").strip(), "-m", "x").strip()
        git(Path(url), "update-ref", f"refs/ds/incoming/{one.store.workspace.id}", stranger)
        one.push()
        two.pull()
        assert same(one, two) and "incoming" not in git(Path(url), "for-each-ref")

    def test_a_broken_connection_is_named_and_the_next_try_ends_it(
        self, one: Side, two: Side, far: GitHttpServer, tmp_path: Path
    ) -> None:
        """The password comes from a credential helper."""
        git(tmp_path / "there.git", "config", "http.receivepack", "true")
        one.url = two.url = f"{far.url}/there.git"
        for n in range(5):
            one.work(n, **{f"a{n}": noise(250 * KIB, n)})
        far.limit_bytes = 400 * KIB
        one.options = {"step_bytes": 1000 * KIB}
        with pytest.raises(RemoteError, match="broke off|did not say|could not"):
            one.push()
        far.limit_bytes = None
        one.push()
        two.pull()
        assert same(one, two)

    @pytest.mark.slow
    @pytest.mark.parametrize("after_ms", range(20, 1020, 100))
    def test_killed_at_any_instant(self, tmp_path: Path, url: str, after_ms: int) -> None:
        """kill -9 of the process that pushes, and of its git; then a plain push: all is there, and sound."""
        root = tmp_path / "one"
        side = Side(root, url)
        for n in range(6):
            side.work(n, **{f"a{n}": noise(300 * KIB, n)})
        side.store.close()
        code = (
            "import sys; from pathlib import Path; from tests.store.test_exchange import Side\n"
            f"Side(Path({str(root)!r}), {url!r}, step_bytes={self.STEP}).push()"
        )
        victim = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2], start_new_session=True)
        time.sleep(0.4 + after_ms / 1000)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        for folder, _, names in os.walk(url):  # in which folders of its may go at any moment
            for name in names:
                if name.endswith(".lock"):  # a killed git-receive-pack's; its own server sweeps them
                    Path(folder, name).unlink(missing_ok=True)
        one, two = Side(root, url, step_bytes=self.STEP), Side(tmp_path / "two", url)
        for _ in range(20):
            try:
                one.push()
                break
            except RemoteError:
                time.sleep(0.2)  # the victim's git is still at it
        two.pull()
        assert same(one, two)


class TestFetching:
    def test_a_pull_that_breaks_off_goes_on_where_it_was(self, one: Side, two: Side, url: str, monkeypatch) -> None:
        monkeypatch.setattr("dotscience_jlab.store.incoming.FIRST_DEPTH", 4)
        for n in range(30):
            one.work(n, **{f"a{n}": noise(30 * KIB, n)})
        one.push()
        real, n_fetched = FarSide.fetch, []

        def fetch_some(side, specs, progress, depth=None):
            if len(n_fetched) == 2:
                raise RemoteError("The connection broke off.")
            n_fetched.append(depth)
            return real(side, specs, progress, depth)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FarSide, "fetch", fetch_some)
            with pytest.raises(RemoteError):
                two.pull()
        assert two.store.head() is None and two.store.index.executions().total == 0
        incoming = two.store.root / ".dotscience/store.git/incoming/origin"
        before = set(incoming.rglob("*.pack"))
        assert n_fetched == [4, 8] and len(before) >= 2
        two.pull()
        assert same(one, two) and not incoming.exists()
        kept = {path.name for path in (two.store.root / ".dotscience/store.git/objects/pack").glob("*.pack")}
        assert {path.name for path in before} <= kept

    def test_a_later_pull_that_broke_off_goes_on_in_steps(self, one: Side, two: Side, url: str, monkeypatch) -> None:
        monkeypatch.setattr("dotscience_jlab.store.incoming.FIRST_DEPTH", 4)
        for n in range(10):
            one.work(n, a=b"%d" % n)
        one.push()
        two.pull()
        for n in range(10, 40):
            one.work(n, a=b"%d" % n)
        one.push()
        incoming = two.store.root / ".dotscience/store.git/incoming/origin"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FarSide, "fetch", broken_off)
            with pytest.raises(RemoteError):
                two.pull()
        assert (incoming / "broke-off").exists()
        two.pull()
        assert same(one, two)

    def test_two_at_once_take_turns(self, one: Side, two: Side) -> None:
        one.work(1, a=b"1")
        one.push()
        exchange = two.exchange()
        exchange.look()
        with exchange.incoming():
            with pytest.raises(Conflict, match="being fetched from there already"):
                two.pull()
        two.pull()
        assert same(one, two)

    @pytest.mark.slow
    @pytest.mark.parametrize("after_ms", range(0, 800, 80))
    def test_killed_at_any_instant(self, tmp_path: Path, url: str, one: Side, after_ms: int) -> None:
        for n in range(12):
            one.work(n, **{f"a{n}": noise(100 * KIB, n)})
        one.push()
        root = tmp_path / "two"
        code = (
            "import dotscience_jlab.store.incoming as incoming; incoming.FIRST_DEPTH = 2\n"
            f"from pathlib import Path; from tests.store.test_exchange import Side\nSide(Path({str(root)!r}), {url!r}).pull()"
        )
        victim = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2], start_new_session=True)
        time.sleep(0.4 + after_ms / 1000)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        two = Side(root, url)
        two.pull()
        assert same(one, two)


def is_odd_name(name: str) -> bool:
    """One that our scan would keep: git refuses whatever some file system takes for `.git`."""
    plain = name.rstrip(". ").lower()
    return (
        name.strip(". ") != "" and not plain.startswith((".git", "git~", ".dotscience")) and len(os.fsencode(name)) < 200
        and not set(name) & set(":\\") and all(ord(each) < 0x2000 or ord(each) > 0x2100 for each in name)
    )


ODD_NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20).filter(is_odd_name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=6)
@given(st.dictionaries(ODD_NAMES, st.binary(max_size=40), min_size=1, max_size=8))
def test_any_names_and_bytes_go_there_and_come_back(tmp_path: Path, files: dict[str, bytes]) -> None:
    place = tmp_path / hashlib.sha1(repr(files).encode()).hexdigest()[:12] / str(time.monotonic_ns())
    place.mkdir(parents=True)
    begin_repository(str(place / "there.git"))
    one, two = Side(place / "one", str(place / "there.git")), Side(place / "two", str(place / "there.git"), step_bytes=10)
    publish(one.store, files)  # type: ignore[arg-type]
    one.store.append([execution(1)])
    one.push(step_bytes=10)
    two.pull()
    assert same(one, two)
    one.store.close()
    two.store.close()
    shutil.rmtree(place)


def test_names_that_are_no_text_and_links_and_modes(one: Side, two: Side) -> None:
    (one.store.root / "x").mkdir()
    path = os.fsencode(one.store.root) + b"/x/\xff\n \xfe"
    with open(path, "wb") as file:
        file.write(b"raw")
    os.symlink("../../outside", one.store.root / "link")
    (one.store.root / "run").write_text("#!")
    (one.store.root / "run").chmod(0o755)
    scan_and_publish(one.store)
    one.store.append([execution(1)])
    one.push(step_bytes=1)
    two.pull()
    assert same(one, two) and len(two.store.tree(two.store.head().id)) == 3  # type: ignore[union-attr]


def test_a_large_file_goes_in_pieces_and_plain_git_gives_it_back(one: Side, two: Side, url: str, tmp_path: Path) -> None:
    data = noise(9 * KIB * KIB, 1)
    (one.store.root / "big.csv").write_bytes(data)
    (one.store.root / "odd.ds").write_text("a name that is escaped in a tree")
    scan_and_publish(one.store, touched=("big.csv",), rules=ROOMY)
    one.store.append([execution(1)])
    steps: set[str] = set()
    one.push(lambda done, total, what: steps.add(what.split(",")[0]), step_bytes=2 * KIB * KIB)
    assert len(steps) >= 2
    git(tmp_path, "clone", "-q", url, "clone")
    joined = subprocess.run("cat big.csv.ds/*/*", shell=True, cwd=tmp_path / "clone", capture_output=True, check=True).stdout
    assert joined == data
    two.pull()
    assert same(one, two)
    entry = two.store.tree(two.store.head().id)["big.csv"]  # type: ignore[union-attr, index]
    assert entry.size_bytes == len(data) and len(two.store.tree(two.store.head().id)) == 2  # type: ignore[union-attr]
    with open(one.store.root / "big.csv", "r+b") as file:
        file.write(b"changed")
    scan_and_publish(one.store, touched=("big.csv",), rules=ROOMY)
    before = sum(path.stat().st_size for path in (Path(url) / "objects").rglob("*") if path.is_file())
    one.push()
    after = sum(path.stat().st_size for path in (Path(url) / "objects").rglob("*") if path.is_file())
    assert after - before < 3 * KIB * KIB, "only the pieces that changed"
    two.pull()
    assert same(one, two)


class TestHostile:
    """A remote that means harm: nothing of it is stored under our names, run, or written outside the folder."""

    @pytest.fixture
    def there(self, one: Side, url: str) -> Path:
        """A good history, which each test spoils."""
        one.work(1, a=b"1")
        one.push()
        return Path(url)

    def raw_tree(self, there: Path, *items: tuple[bytes, bytes, str]) -> str:
        data = b"".join(mode + b" " + name + b"\0" + bytes.fromhex(each) for mode, name, each in items)
        return git(there, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", fed=data).strip()

    def blob(self, there: Path, data: bytes = b"pwned") -> str:
        return git(there, "hash-object", "-w", "--stdin", fed=data).strip()

    def commit(self, there: Path, ref: str, tree: str, message: str = "x") -> None:
        parent = git(there, "rev-parse", ref).strip()
        words = ("-c", "user.name=x", "-c", "user.email=x@y", "commit-tree", tree, "-p", parent, "-m", message)
        git(there, "update-ref", ref, git(there, *words).strip())

    def refused(self, two: Side, told: str) -> None:
        with pytest.raises(RemoteError, match=told):
            two.pull()
        assert two.store.head() is None and two.store.index.executions().total == 0
        assert git(two.store.root / ".dotscience/store.git", "for-each-ref") == ""

    @pytest.mark.parametrize("name", [b"..", b".", b".git", b".GIT", b"git~1", b"a/../../b", b"/etc", b".g\xe2\x80\x8cit"])
    def test_trees_with_names_that_climb_out(self, two: Side, there: Path, name: bytes) -> None:
        inner = self.raw_tree(there, (b"100644", b"evil", self.blob(there)))
        self.commit(there, "refs/heads/main", self.raw_tree(there, (b"40000", name, inner)))
        self.refused(two, "what no snapshot can be|could not do it")

    def test_a_tree_with_our_own_folder_is_never_written(self, two: Side, there: Path) -> None:
        inner = self.raw_tree(there, (b"100644", b"config", self.blob(there)))
        ok = (b"100644", b"ok", self.blob(there))
        self.commit(there, "refs/heads/main", self.raw_tree(there, (b"40000", b".dotscience", inner), ok))
        two.pull()
        head = two.store.head()
        steps = {step.path: step.act for step in plan_restore(two.store, head.id).steps}  # type: ignore[union-attr]
        assert steps == {".dotscience/config": "cannot", "ok": "write"}

    def test_a_commit_of_another_repository_is_passed_over(self, two: Side, there: Path) -> None:
        ok = (b"100644", b"ok", self.blob(there))
        self.commit(there, "refs/heads/main", self.raw_tree(there, ok, (b"160000", b"sub", "1" * 40)))
        two.pull()
        assert list(two.store.tree(two.store.head().id)) == ["ok"]  # type: ignore[union-attr]

    def spoil_records(self, there: Path, path: str, data: bytes, mode: str = "100644") -> None:
        git(there, "read-tree", "refs/ds/records")
        git(there, "update-index", "--add", "--cacheinfo", f"{mode},{self.blob(there, data)},{path}")
        self.commit(there, "refs/ds/records", git(there, "write-tree").strip())

    def segment(self, *lines: object) -> tuple[str, bytes]:
        data = b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
        name = hashlib.sha256(data).hexdigest()
        return f"segments/{name[:2]}/{name}.jsonl", data

    @pytest.mark.parametrize("line, told", [
        ({"record": "execution", "id": "../../x", "session": "k-0123456789abcdef", "source": "", "order": 1,
          "started_at": "2026-11-21T09:18:00.000000Z"}, "is not the id of a execution"),
        ({"record": "execution", "id": "k-0123456789abcdef:m9", "session": "k-0123456789abcdef", "source": "", "order": 1,
          "started_at": "2026-11-21T09:18:00.000000Z", "path": "../../.bashrc"}, "not a path inside"),
        ({"record": "tombstone", "id": "t", "ids": [1], "reason": "", "created_at": "2026-11-21T09:18:00.000000Z"},
         "Tombstone.ids"),
        ({"record": "run", "id": 7}, "cannot be read"), (b"not json", "cannot be read"), ([1], "cannot be read"),
        (b"\xff\xfe", "cannot be read"), ({"record": "run", "parameters": []}, "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
    ], ids=range(9))
    def test_records_that_are_none(self, two: Side, there: Path, line: object, told: str) -> None:
        self.spoil_records(there, *self.segment(line))
        self.refused(two, f"records are not in order: .*{told}")

    def test_records_of_kinds_to_come_are_kept(self, two: Side, there: Path) -> None:
        self.spoil_records(there, *self.segment({"record": "benchmark", "id": "x"}))
        self.spoil_records(there, "leaderboards/1", b"what a later version keeps")
        two.pull()
        assert two.store.index.executions().total == 1

    @pytest.mark.parametrize("path, data, mode", [
        ("segments/00/" + "0" * 64 + ".jsonl", b"{}\n", "100644"), ("blobs/aa/" + "a" * 40, b"x", "100644"),
        ("segments/x.jsonl", b"{}\n", "100644"), ("blobs/x", b"x", "100644"), ("segments/link", b"/etc/passwd", "120000")])
    def test_files_under_wrong_names(self, two: Side, there: Path, path: str, data: bytes, mode: str) -> None:
        self.spoil_records(there, path, data, mode)
        self.refused(two, "not in order")

    def test_lines_with_names_that_cannot_be_kept(self, two: Side, there: Path) -> None:
        head = git(there, "rev-parse", "refs/heads/main").strip()
        (there / "packed-refs").write_bytes(f"{head} refs/heads/a".encode() + b"\xe2\x80\xae" + b"b\n")
        self.refused(two, "a line named .* cannot be kept")

    def test_refs_that_claim_to_be_ours_stay_there(self, two: Side, there: Path) -> None:
        head = git(there, "rev-parse", "refs/heads/main").strip()
        for ref in ("refs/ds/remotes/origin/heads/x", "refs/ds/incoming/w-0", "refs/tags/x", "refs/ds/remotes/origin/agreed/main"):
            git(there, "update-ref", ref, head)
        two.pull()
        refs = git(two.store.root / ".dotscience/store.git", "for-each-ref", "--format=%(refname)").split()
        assert refs == ["refs/ds/records", "refs/ds/remotes/origin/agreed/main", "refs/ds/remotes/origin/heads/main",
                        "refs/ds/remotes/origin/records", "refs/heads/main"]

    def test_a_snapshot_under_the_name_of_another_does_not_take_its_place(self, one: Side, there: Path) -> None:
        good = one.store.head()
        message = f"x\n\nDs-Snapshot: {good.id}\nDs-At: 2026-11-21T09:18:00.000000Z\nDs-Reason: execution"  # type: ignore[union-attr]
        self.commit(there, "refs/heads/main", self.raw_tree(there, (b"100644", b"evil", self.blob(there))), message)
        assert not one.pull()["is_forwarded"]
        assert one.store.head() == good and "f/a" in one.store.tree(good.id)  # type: ignore[union-attr]

    @pytest.mark.parametrize("trailers", [
        "Ds-Snapshot: ../../x\nDs-At: never",
        "Ds-Snapshot: s-0123456789abcdef\nDs-At: 2026-99-99T09:18:00.000000Z\nDs-Run: x",
        "Ds-At: 2026-11-21T09:18:00.000000Z"])
    def test_trailers_that_are_no_ids_are_passed_over(self, two: Side, there: Path, trailers: str) -> None:
        self.commit(there, "refs/heads/main", git(there, "rev-parse", "refs/heads/main^{tree}").strip(), f"x\n\n{trailers}")
        two.pull()
        head = two.store.head()
        assert head.id.startswith("s-") and head.reason == "message" and head.run is None  # type: ignore[union-attr]
        assert head.created_at.startswith("20")  # type: ignore[union-attr]

    def test_what_is_not_whole_is_not_taken_in(self, two: Side, there: Path) -> None:
        blob = self.blob(there, b"1")
        (there / "objects" / blob[:2] / blob[2:]).unlink(missing_ok=True)
        for pack in (there / "objects/pack").glob("*"):
            pack.unlink()
        with pytest.raises(RemoteError):
            two.pull()
        assert two.store.head() is None

    def test_what_the_server_says_cannot_steer_a_terminal(self, one: Side, there: Path) -> None:
        hook = there / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nprintf '\\033]0;pwned\\007\\033[2J' >&2\nexit 1\n")
        hook.chmod(0o755)
        one.work(2, a=b"2")
        with pytest.raises(RemoteError, match="refused") as failure:
            one.push()
        assert str(failure.value).isprintable()

    def test_a_line_of_ours_that_it_did_not_have_is_not_moved(self, one: Side, two: Side, there: Path) -> None:
        tree = one.store.objects.put_tree({b"a": TreeItem(0o100644, one.store.put_bytes(b"x"))})
        side = one.store.objects.put_commit(CommitText(tree, (), "side", 1.0))
        one.store.objects.move_ref("refs/heads/side", None, side)
        one.push()
        two.pull()
        assert two.store.lines() == ["main", "origin:main", "origin:side"]
        assert [state.state for state in two.exchange().states()][0] == SAME
