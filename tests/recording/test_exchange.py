"""Push and pull between two computers: nothing is overwritten or lost, and every refusal says what to do."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dotscience_jlab.errors import Conflict, InvalidRequest, NeedsConsent, NotFound, RemoteError
from dotscience_jlab.model.remote import Remote
from dotscience_jlab.model.run import Tombstone
from dotscience_jlab.recording import copies
from dotscience_jlab.recording.copies import Attempts, CopyKeeper, is_quiet
from dotscience_jlab.recording.status import status_of

from .machines import Machine


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def there(tmp_path: Path) -> Path:
    path = tmp_path / "copy.git"
    git(tmp_path, "init", "-q", "--bare", str(path))
    return path


@pytest.fixture
def one(tmp_path: Path):
    machine = Machine(tmp_path / "one")
    yield machine
    machine.close()


@pytest.fixture
def two(tmp_path: Path):
    machine = Machine(tmp_path / "twos")
    yield machine
    machine.close()


@pytest.fixture
def both(one: Machine, two: Machine, there: Path) -> tuple[Machine, Machine]:
    """Both have what `one` did first."""
    one.work("a")
    one.add(there)
    one.push()
    two.get_back(there)
    two.remotes.remove(two.store, "origin", is_agreed=False)
    two.add(there)
    two.pull()
    return one, two


class TestTwoComputers:
    def test_the_second_has_all_of_the_first_under_the_same_names(self, one, two, there) -> None:
        for name in "abc":
            one.work(name)
        one.add(there)
        assert "went to" in one.push()["sentence"]
        told = two.get_back(there)
        assert (told["n_executions"], told["n_runs"], told["is_forwarded"]) == (3, 3, True)
        assert two.store.snapshots() == one.store.snapshots()
        assert two.store.index.executions().items == one.store.index.executions().items
        assert two.store.index.runs().items == one.store.index.runs().items
        assert "files are as they were" in told["sentence"] and list(two.files()) == ["pyproject.toml"]
        two.restore(two.store.head())
        assert two.files() == one.files()

    def test_a_plain_clone_has_the_newest_files_and_fsck_is_clean(self, one, there, tmp_path) -> None:
        one.work("a", "1")
        one.work("a", "2")
        one.add(there)
        one.push()
        git(tmp_path, "clone", "-q", str(there), "clone")
        assert (tmp_path / "clone" / "a").read_text() == "2"
        assert git(there, "fsck", "--strict") == "" and git(there, "for-each-ref", "--format=%(refname)").split() == [
            "refs/ds/records", "refs/heads/main"]

    def test_one_after_the_other_they_go_on_together(self, both) -> None:
        one, two = both
        two.restore(two.store.head())
        two.work("b")
        two.push()
        assert one.pull()["is_forwarded"] and one.line() == "same"
        one.restore(one.store.head())
        one.work("c")
        one.push()
        two.pull()
        assert one.messages() == two.messages() and "cell c" in one.messages() and one.sources() == two.sources() == ["a", "b", "c"]

    def test_a_pull_touches_no_file_and_the_next_snapshot_tells_the_truth(self, both) -> None:
        one, two = both
        one.work("only on one")
        one.push()
        before = two.files()
        two.pull()
        assert two.files() == before
        two.work("b")
        assert set(two.store.tree(two.store.head().id)) == {"pyproject.toml", "b"}
        assert "only on one" in two.store.tree(two.store.snapshots()[1].id)

    def test_nothing_new_is_said_so(self, both) -> None:
        one, two = both
        assert one.push()["n_sent"] == 0 and "everything already" in one.push()["sentence"]
        assert two.pull()["n_executions"] == 0

    def test_a_push_of_who_is_behind_says_pull(self, both) -> None:
        one, two = both
        one.work("b")
        one.push()
        assert "`ds pull origin`" in two.push()["sentence"]
        assert two.line() == "behind" and two.sources() == ["a", "b"]


class TestDiverged:
    @pytest.fixture
    def apart(self, both) -> tuple[Machine, Machine]:
        one, two = both
        one.work("one's")
        one.push()
        two.work("two's")
        return one, two

    def test_the_remotes_line_is_kept_beside_the_own_one(self, apart) -> None:
        one, two = apart
        mine = two.messages()
        told = two.pull()
        assert not told["is_forwarded"] and "kept as origin:main" in told["sentence"]
        assert two.messages() == mine and two.line() == "diverged"
        assert two.messages("origin:main") == one.messages()
        assert two.sources() == ["a", "one's", "two's"]

    def test_it_can_be_shown_restored_and_compared(self, apart) -> None:
        from datetime import datetime, timezone

        from dotscience_jlab.recording.references import resolve_snapshot

        one, two = apart
        two.pull()
        theirs = resolve_snapshot(two.store, "origin:main", datetime.now(timezone.utc))
        assert theirs.id == one.store.head().id
        two.restore(theirs, ["one's"])
        assert two.files()["one's"] == b"one's" and two.files()["two's"] == b"two's"
        with pytest.raises(NotFound):
            resolve_snapshot(two.store, "origin:other", datetime.now(timezone.utc))

    def test_a_push_sends_nothing_and_says_what_to_do(self, apart, there) -> None:
        one, two = apart
        before = git(there, "for-each-ref")
        with pytest.raises(Conflict, match="Nothing was sent.*origin:main.*`ds push origin --as NAME`"):
            two.push()
        assert git(there, "for-each-ref") == before

    def test_under_a_name_of_its_own_it_goes_there_now_and_later(self, apart, there) -> None:
        one, two = apart
        two.push(main_as="laptop")
        two.work("more")
        two.push()
        assert two.line("origin:laptop") == "same"
        told = one.pull()
        assert one.messages("origin:laptop") == two.messages() and not told["is_forwarded"]
        assert one.sources() == two.sources() == ["a", "more", "one's", "two's"]
        assert one.push()["n_sent"] == 0

    def test_what_the_remote_drops_is_kept_here(self, apart, there) -> None:
        one, two = apart
        two.pull()
        dropped = two.messages("origin:main")
        git(there, "update-ref", "refs/heads/main", "refs/heads/main~1")
        two.pull()
        kept = [line for line in two.store.lines() if line.startswith("origin:main-")]
        assert len(kept) == 1 and two.messages(kept[0]) == dropped

    def test_a_remote_with_snapshots_of_its_own_is_not_forgotten_unasked(self, apart) -> None:
        _, two = apart
        two.pull()
        with pytest.raises(NeedsConsent, match="origin:main has snapshots that are nowhere else"):
            two.remotes.remove(two.store, "origin", is_agreed=False)
        two.remotes.remove(two.store, "origin", is_agreed=True)
        assert two.store.lines() == ["main"] and two.store.workspace.remotes == ()


class TestRecords:
    def test_both_push_without_a_pull_and_the_records_unite(self, both, there) -> None:
        one, two = both
        one.store.append([one.executed(71)])
        two.store.append([two.executed(72)])
        one.push()
        two.push()
        assert one.pull()["n_executions"] == 1
        assert one.sources() == two.sources() == ["a", "x = 71", "x = 72"]
        assert one.store.objects.ref("refs/ds/records") == two.store.objects.ref("refs/ds/records")
        assert git(there, "fsck", "--strict") == ""

    def test_what_was_forgotten_does_not_come_back(self, both) -> None:
        one, two = both
        run = one.store.index.runs().items[0]
        one.store.append([Tombstone("t1", (run.id,), "a wrong run", "2026-11-21T09:18:00.000000Z")])
        two.work("b")
        two.push()
        one.pull()
        one.push()
        two.pull()
        assert run.id not in [each.id for each in (*one.store.index.runs().items, *two.store.index.runs().items)]

    def test_a_push_that_comes_second_looks_again(self, both, monkeypatch) -> None:
        one, two = both
        two.store.append([two.executed(72)])
        from dotscience_jlab.store.exchange import Exchange

        send = Exchange.send
        times: list[int] = []

        def send_late(self, states, progress):
            times.append(1)
            if len(times) == 1:
                one.store.append([one.executed(71)])
                one.push()
            return send(self, states, progress)

        monkeypatch.setattr(Exchange, "send", send_late)
        two.push()
        one.pull()
        assert one.sources() == two.sources() == ["a", "x = 71", "x = 72"]


class TestPurged:
    """Bytes that went to the remote before they were purged here."""

    @pytest.fixture
    def purged(self, one, there) -> Machine:
        for name in "abc":
            one.work(name, "the key" if name == "b" else "")
        one.add(there)
        one.push()
        plan = one.store.plan_purge(one.store.digests_at("b"))
        one.store.purge(plan, "a private key", "2026-11-21T09:18:00.000000Z", "ann")
        return one

    KEY = hashlib.sha1(b"blob 7\0the key").hexdigest()

    def has_key(self, repository: Path) -> bool:
        return self.KEY in git(repository, "rev-list", "--objects", "--all")

    @pytest.mark.parametrize("is_swept", [False, True])
    def test_a_push_takes_them_away_there_too(self, purged, two, there, is_swept) -> None:
        assert self.has_key(there)
        if is_swept:
            git(purged.root / ".dotscience/store.git", "gc", "-q", "--prune=now")
        assert purged.line() == "rewritten"
        assert purged.pull()["n_runs"] == 0
        assert "3 snapshots" in purged.push()["sentence"]
        assert not self.has_key(there) and not self.has_key(purged.root / ".dotscience/store.git")
        assert purged.line() == "same" and purged.push()["n_sent"] == 0
        assert not purged.store.workspace.remotes[0].replaces
        two.get_back(there)
        assert two.messages() == ["cell c", "cell b", "cell a"] and two.sources() == ["a", "b", "c"]

    def test_with_a_purged_execution_its_record_goes_there_too(self, one, two, there) -> None:
        for name in "abc":
            one.work(name)
        one.add(there)
        one.push()
        (secret,) = (each.id for each in one.store.index.executions().items if each.source == "b")
        one.store.purge(one.store.plan_purge([], [secret]), "a password", "2026-11-21T09:18:00.000000Z", "ann")
        one.push()
        two.get_back(there)
        assert two.sources() == ["a", "c"]
        one.work("d")
        one.push()
        assert two.pull()["is_forwarded"]

    def test_what_somebody_added_there_since_is_not_taken_away(self, purged, two, there) -> None:
        two.get_back(there)
        two.work("theirs")
        two.push(is_unscanned_allowed=True)
        with pytest.raises(Conflict, match="Nothing was sent"):
            purged.push()
        assert "cell theirs" in git(there, "log", "--format=%s", "main") and "cell theirs" in purged.messages("origin:main")


class TestRewritten:
    """A line that was rewritten here, because something of it was forgotten."""

    def forget(self, machine: Machine, message: str) -> None:
        """As forgetting does: a tombstone, and the line without that snapshot, the others' names unchanged."""
        store, objects = machine.store, machine.store.objects
        gone = next(each for each in store.snapshots() if each.message == message)
        store.append([Tombstone("t1", (gone.id,), "too old", "2026-11-21T09:18:00.000000Z")])
        parent = None
        for each in reversed(store.snapshots()):
            if each.id != gone.id:
                text = objects.commit(store.commit_of(each.id))
                parent = objects.put_commit(text._replace(parents=(parent,) if parent else ()))
        objects.move_ref("refs/heads/main", objects.ref("refs/heads/main"), parent)
        assert message not in machine.messages()

    @pytest.fixture
    def forgetful(self, one, there) -> Machine:
        for name in "abc":
            one.work(name)
        one.add(there)
        one.push()
        self.forget(one, "cell b")
        return one

    def test_it_replaces_what_we_put_there(self, forgetful, two, there) -> None:
        assert forgetful.line() == "rewritten"
        forgetful.push()
        assert forgetful.line() == "same" and "cell b" not in git(there, "log", "--format=%s", "main")
        two.get_back(there)
        assert two.messages() == ["cell c", "cell a"]

    def test_but_not_what_somebody_else_added(self, forgetful, two, there) -> None:
        two.get_back(there)
        two.work("theirs")
        two.push(is_unscanned_allowed=True)
        with pytest.raises(Conflict, match="Nothing was sent"):
            forgetful.push()
        assert "cell theirs" in git(there, "log", "--format=%s", "main") and "cell theirs" in forgetful.messages("origin:main")

    def test_the_other_side_does_not_put_the_forgotten_back(self, one, two, there) -> None:
        for name in "abc":
            one.work(name)
        one.add(there)
        one.push()
        two.get_back(there)
        self.forget(one, "cell b")
        one.push()
        for act in (two.pull, two.push):
            try:
                act(**({"is_unscanned_allowed": True} if act == two.push else {}))
            except Conflict as error:
                assert "Nothing was sent" in error.message
        assert "cell b" not in git(there, "log", "--format=%s", "main")


class TestConsent:
    def test_a_kept_copy_needs_it_too(self, one, there) -> None:
        with pytest.raises(NeedsConsent, match="--unscanned"):
            one.remotes.add(one.store, Remote("origin", str(there), keeps_copy=True))

    def test_a_history_with_nothing_in_common_is_taken_in_only_with_a_yes(self, one, two, there) -> None:
        one.work("a")
        one.add(there)
        one.push()
        two.work("b")
        two.add(there)
        for act in (two.push, two.pull):
            with pytest.raises(NeedsConsent, match="nothing in common.*--join"):
                act()
        assert two.sources() == ["b"]
        two.pull(join=True)
        assert two.sources() == ["a", "b"] and two.line() == "diverged" and two.messages() == ["cell b"]

    def test_somebodys_code_is_no_place_for_it(self, one, there, tmp_path) -> None:
        git(tmp_path, "clone", "-q", str(there), "code")
        identity = ("-c", "user.name=a", "-c", "user.email=b@c")
        git(tmp_path / "code", *identity, "commit", "-q", "--allow-empty", "-m", "x")
        git(tmp_path / "code", "push", "-q", "origin", "HEAD:main")
        one.work("a")
        one.add(there)
        for act in (one.push, one.pull):
            with pytest.raises(Conflict, match="no history of this program"):
                act()

    @pytest.mark.parametrize("url, error", [
        ("/nowhere/at/all.git", RemoteError), ("ext::sh -c id", InvalidRequest), ("https://a:b@host/x", InvalidRequest)])
    def test_other_refusals(self, one, url, error) -> None:
        one.work("a")
        with pytest.raises(error):
            one.add(url)
            one.push()

    def test_a_setting_from_elsewhere_is_checked_again(self, one) -> None:
        one.work("a")
        evil = Remote("origin", "ext::sh -c 'touch pwned'", is_unscanned_allowed=True)
        one.store.save_workspace(replace(one.store.workspace, remotes=(evil,)))
        one.close()
        with pytest.raises(InvalidRequest, match="run a program"):
            one.push()

    def test_the_history_itself_is_no_remote(self, one) -> None:
        with pytest.raises(InvalidRequest, match="history itself"):
            one.add(one.root / ".dotscience" / "store.git")

    def test_without_git_the_sentence_says_so(self, one, there, monkeypatch) -> None:
        one.work("a")
        one.add(there)
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(RemoteError, match="need the program git"):
            one.push()
        assert one.remotes.list(one.store)[0]["lines"] == []


class TestGetBack:
    """Story 3: `rm -rf` of the folder, and a fresh clone of the user's own repository in its place."""

    def lose(self, machine: Machine) -> None:
        machine.workspaces.remember(machine.store)
        machine.close()
        shutil.rmtree(machine.root)
        machine.root.mkdir()
        (machine.root / "pyproject.toml").write_text("")

    def status(self, machine: Machine):
        return status_of(str(machine.root), machine.workspaces, machine.workspaces.settings, machine.activity, time.time())

    def test_the_folder_says_what_it_had_and_gets_it_back(self, one, there) -> None:
        one.work("a")
        one.add(there, keeps_copy=True)
        one.push()
        before = one.store.workspace.id, one.messages(), one.store.index.runs().items
        last = one.store.index.executions().items[0].finished_at
        self.lose(one)
        status = self.status(one)
        assert status.reason.startswith("This folder had history until 20") and status.remedy_command == "get_back"
        assert (status.had_history_until, status.can_get_back) == (last, True) and str(there) in status.remedy
        assert not (one.root / ".dotscience").exists()
        told = one.get_back()
        assert (one.store.workspace.id, one.messages(), one.store.index.runs().items) == before
        assert told["root"] == str(one.root) and one.store.workspace.remotes[0].keeps_copy
        assert self.status(one).had_history_until is None

    def test_without_a_copy_it_only_says_so(self, one) -> None:
        one.work("a")
        self.lose(one)
        status = self.status(one)
        assert "had history until" in status.reason and not status.can_get_back and status.remedy_command == ""
        with pytest.raises(NotFound, match="--from"):
            one.get_back()
        assert not (one.root / ".dotscience").exists()

    def test_who_ran_a_cell_first_gets_it_back_too(self, one, there) -> None:
        one.work("a")
        one.add(there)
        one.push()
        self.lose(one)
        one.work("b")
        status = self.status(one)
        assert status.workspace == one.store.workspace.id and status.can_get_back and status.reason == ""
        one.get_back()
        assert one.sources() == ["a", "b"] and one.messages("origin:main") == ["cell a"] and one.messages() == ["cell b"]
        assert self.status(one).had_history_until is None

    def test_a_wrong_address_leaves_nothing_behind(self, one, there, tmp_path) -> None:
        one.work("a")
        one.add(there)
        one.push()
        self.lose(one)
        for url, error in ((tmp_path / "nothing.git", RemoteError), ("--x", InvalidRequest)):
            with pytest.raises(error):
                one.get_back(url)
        git(tmp_path, "init", "-q", "--bare", "empty.git")
        with pytest.raises(NotFound, match="no history at"):
            one.get_back(tmp_path / "empty.git")
        assert not (one.root / ".dotscience").exists() and self.status(one).can_get_back

    def test_a_history_whose_own_id_was_lost_is_no_other_one(self, one) -> None:
        one.work("a")
        one.close()
        (one.root / ".dotscience/store.git/workspace.json").unlink()
        one.work("b")
        assert self.status(one).had_history_until is None

    def test_a_forgotten_history_is_not_offered(self, one) -> None:
        one.work("a")
        store = one.store
        store.forget_all()
        one.workspaces.drop(store)
        assert self.status(one).had_history_until is None


class TestKeptCopy:
    @pytest.fixture
    def keeper(self, one, there) -> CopyKeeper:
        one.work("a")
        one.add(there, keeps_copy=True)
        return CopyKeeper(one.workspaces, one.remotes, one.activity, lambda *_: None)

    def test_it_goes_when_the_folder_is_idle(self, one, keeper, there) -> None:
        activity = one.activity(one.store)
        activity.recorded_at = 1000.0
        assert keeper.has_more()
        for now in (1001.0, 1000.0 + copies.QUIET_S - 1):
            keeper.look(now)
            assert git(there, "for-each-ref") == ""
        keeper.look(1000.0 + copies.QUIET_S)
        assert "refs/ds/records" in git(there, "for-each-ref") and not keeper.has_more()
        status = status_of(str(one.root), one.workspaces, one.workspaces.settings, one.activity, 1000.0)
        assert status.copy_place == str(there) and status.copied_at and status.copy_problem == ""

    def test_not_while_a_cell_runs(self, one, keeper, there) -> None:
        one.activity(one.store).begins("k-0123456789abcdef:m1", 1000.0)  # type: ignore[arg-type]
        keeper.look(5000.0)
        assert git(there, "for-each-ref") == ""

    def test_a_problem_is_shown_and_tried_again_later_and_later(self, one, keeper, there) -> None:
        there.rename(there.with_name("away.git"))
        keeper.look(5000.0)
        status = status_of(str(one.root), one.workspaces, one.workspaces.settings, one.activity, 5000.0)
        assert "There is no repository" in status.copy_problem and status.state == "recording"
        assert not keeper.has_more()
        there.with_name("away.git").rename(there)
        one.push()
        assert one.activity(one.store).copy_problem is None

    @pytest.mark.parametrize("n_failed, wait_s", [(0, 0), (1, 60), (2, 120), (4, 480), (9, 3600), (10_000, 3600)])
    def test_the_wait_doubles_up_to_an_hour(self, n_failed: int, wait_s: float) -> None:
        attempts = Attempts(n_failed, 1000.0)
        assert attempts.may_try(1000.0 + wait_s) and (not wait_s or not attempts.may_try(999.0 + wait_s))

    def test_it_makes_way_for_a_persons_own_push(self, one, keeper, there, monkeypatch) -> None:
        """Which ends the one that is under way, at once; and a copy that had to make way is no problem."""
        hook = there / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\n[ -e went ] || { touch went; exec sleep 60; }\n")
        hook.chmod(0o755)
        thread = threading.Thread(target=keeper.look, args=(5000.0,))
        thread.start()
        while not (there / "went").exists():
            time.sleep(0.05)
        assert one.push()["n_sent"] == 2
        thread.join(timeout=20)
        assert not thread.is_alive() and one.activity(one.store).copy_problem is None and not keeper.has_more()

    def test_what_waits_to_be_stored_is_not_idle(self, one) -> None:
        activity = one.activity(one.store)
        activity.being_stored["k-0123456789abcdef:m1"] = 1.0  # type: ignore[index]
        assert not is_quiet(activity, 1e9)
