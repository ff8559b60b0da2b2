"""Later words about a run, pins, what takes the room, forgetting by a policy or all of it, and purging, in words."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone

import pytest

from dotscience_jlab.errors import Conflict, Forgotten, InvalidRequest, NeedsConsent, NotFound
from dotscience_jlab.model.instant import instant
from dotscience_jlab.recording.annotate import annotate_run
from dotscience_jlab.recording.forget import apply_forget, forget_all, plan_forget, plan_forget_all
from dotscience_jlab.recording.pin import pin_snapshot
from dotscience_jlab.recording.purge import apply_purge, plan_purge
from dotscience_jlab.recording.references import local_minute, resolve_snapshot
from dotscience_jlab.recording.retention import RetentionPolicy
from dotscience_jlab.recording.space import explain_space
from dotscience_jlab.store.fork_store import copy_history
from dotscience_jlab.store.open import opened_store

from .folder import SESSION, START, Project

NOW = START + 100 * 86_400.0
THEN = datetime.fromtimestamp(NOW, timezone.utc)


@pytest.fixture
def project(tmp_path):
    project = Project(tmp_path / "churn", in_memory=False)
    yield project
    project.store.close()


def say(project, run, *words):
    for each in words:
        project.now += 1
        annotate_run(project.store, run, each, project.now)
    return project.store.index.run(run.id)


def test_later_words_win_and_the_rest_stays(project):
    run = project.ran(1, labels={"team": "a", "old": 1}, parameters={"lr": 0.1})
    found = say(
        project, run,
        {"name": "  first \n try ", "note": "n", "is_starred": True, "labels": {"team": "b", "new": "x"}},
        {"name": "best", "labels": {"old": None}},
    )
    assert (found.name, found.note, found.is_starred) == ("best", "n", True)
    assert found.labels == {"team": "b", "new": "x"} and found.parameters == {"lr": 0.1}
    found = say(project, run, {"is_starred": False, "note": ""})
    assert (found.name, found.note, found.is_starred) == ("best", "", False)


@pytest.mark.parametrize("words", [
    {"name": " "}, {"name": 3}, {"note": None}, {"is_starred": "yes"}, {"labels": ["a"]}, {"labels": {" ": 1}},
])
def test_words_that_make_no_sense_change_nothing(project, words):
    run = project.ran(1)
    with pytest.raises(InvalidRequest):
        say(project, run, {"description": "would be lost", **words})
    assert project.store.index.run(run.id) == run


def test_forgetting_says_what_goes_and_leaves_the_users_files(project):
    project.write("a.txt", "mine")
    project.snapshot()
    project.executed(1)
    project.executed(2)
    project.ran(1)
    plan = plan_forget_all(project.store)
    assert (plan["n_executions"], plan["n_runs"], plan["n_snapshots"]) == (2, 1, 1) and plan["store_bytes"] > 0
    assert plan["sentence"].startswith("This removes 2 executions, 1 run and 1 snapshot (")
    for wrong in ("", "yes", "w-0000000000000000"):
        with pytest.raises(NeedsConsent):
            forget_all(project.store, wrong)
    assert forget_all(project.store, project.store.workspace.id)["freed_bytes"] > 0
    assert project.files() == {"a.txt": b"mine"}
    with opened_store(project.root, create=True) as begun_anew:
        assert begun_anew.head() is None and begun_anew.index.executions().total == 0


DAY_S = 86_400.0


def aged(project, n_days: int, **options) -> list:
    """One snapshot in the morning and one in the evening of each of the last days, oldest first, each of its own cell."""
    made = []
    for n in range(2 * n_days):
        project.now = NOW - (2 * n_days - n) * DAY_S / 2
        project.write("a.txt", str(n))
        snapshot = project.snapshot(f"cell {n}")
        made.append(snapshot)
        project.executed(n, snapshot=snapshot.id, **options)
    return made


def plan(project, *days, **options):
    return plan_forget(project.store, RetentionPolicy(*days, **options), THEN)


def test_a_policy_says_what_goes_and_does_just_that(project):
    made = aged(project, 5)
    told = plan(project, 2, 2)
    assert (told.n_snapshots, told.n_kept, told.n_executions, told.n_executions_without_files) == (4, 6, 0, 4)
    assert told.sentence.startswith("Keep everything of the last 2 days, then one snapshot a day for 2 days, and all pinned,")
    assert f"So 4 snapshots of {local_minute(told.oldest)} to" in told.sentence and told.freed_bytes > 0
    assert len(project.store.snapshots()) == 10
    policy = RetentionPolicy(2, 2)
    with pytest.raises(Conflict):
        apply_forget(project.store, policy, "0" * 64, THEN, "ann")
    with pytest.raises(Conflict):
        apply_forget(project.store, RetentionPolicy(2, 1), told.plan_digest, THEN, "ann")
    done = apply_forget(project.store, policy, told.plan_digest, THEN, "ann")
    assert (done["n_snapshots"], done["sentence"]) == (4, "Forgotten: 4 snapshots.")
    assert len(project.store.snapshots()) == 6
    assert plan(project, 2, 2).sentence.endswith("Nothing falls under it: all 6 snapshots stay.")
    for each in made:
        assert project.store.index.execution(each.execution or f"{SESSION}:m{made.index(each)}").snapshot == each.id


def test_what_is_pinned_published_or_starred_is_out_of_reach(project):
    made = aged(project, 6)
    pin_snapshot(project.store, made[0], True, NOW, "ann")
    project.ran(1, snapshot=made[1].id, published_at=instant(NOW))
    starred = project.ran(2, snapshot=made[2].id, executions=(f"{SESSION}:m3", f"{SESSION}:m99"))
    project.ran(3, snapshot=made[4].id)
    annotate_run(project.store, starred, {"is_starred": True}, NOW)
    told = plan(project, 0, 0)
    assert (told.n_snapshots, told.n_kept) == (7, 5)
    apply_forget(project.store, told.policy, told.plan_digest, THEN, "")
    assert {each.id for each in project.store.snapshots()} == {made[n].id for n in (0, 1, 2, 3, 11)}
    pin_snapshot(project.store, project.store.snapshot(made[0].id), False, NOW + 1)
    assert plan(project, 0, 0).n_snapshots == 1


def test_cells_go_with_their_snapshot_only_if_asked_and_if_no_run_has_them(project):
    made = aged(project, 3)
    kept = project.ran(1)
    project.executed(0, snapshot=made[0].id, runs=(kept.id,))
    told = plan(project, 0, 0, also_executions=True)
    assert (told.n_snapshots, told.n_executions, told.n_executions_without_files) == (5, 4, 1)
    done = apply_forget(project.store, told.policy, told.plan_digest, THEN, "ann")
    assert done["sentence"] == "Forgotten: 5 snapshots and 4 cell executions."
    assert [each.order for each in project.store.index.executions().items] == [5, 0]


def test_going_back_to_a_forgotten_state_names_the_nearest(project):
    made = aged(project, 3)
    told = plan(project, 1, 0)
    apply_forget(project.store, told.policy, told.plan_digest, THEN, "ann")
    for reference in (made[0].id, f"{SESSION}:m0"):
        with pytest.raises(Forgotten, match=f"by ann: Keep everything of the last day.*{made[4].id}"):
            resolve_snapshot(project.store, reference, THEN)


def test_who_pins_what(project):
    project.write("data/big.csv", os.urandom(50_000))
    first = project.snapshot(touched=("data/big.csv",))
    project.ran(1, snapshot=first.id)
    project.write("a.txt", "1")
    project.snapshot()
    room = explain_space(project.store, THEN)
    assert room.largest[0].sentence.startswith("1 run and 2 snapshots pin 5")
    assert room.largest[0].sentence.endswith(" kB through one file, data/big.csv.")
    assert room.sentence.startswith("churn/ keeps ") and room.largest[0].sentence in room.sentence
    assert (room.largest[0].n_runs, room.forgettable.n_snapshots) == (1, 1)


def purged(project, settings, others=(), **what):
    told, found = plan_purge(project.store, others, settings, **what)
    return told, apply_purge(project.store, told, found, told.plan_digest, "a key", NOW, "ann")


def test_purging_says_where_the_bytes_may_still_be(project, settings, tmp_path):
    project.write("token.txt", "-----BEGIN KEY----- hunter2\n")
    project.snapshot()
    fork = copy_history(project.store, tmp_path / "fork", project.store.head().id)
    fork.close()
    settings.log_path.parent.mkdir(parents=True, exist_ok=True)
    settings.log_path.write_text(json.dumps({"output": "-----BEGIN KEY----- hunter2\n"}))
    told, done = purged(project, settings, [project.root, tmp_path / "fork", tmp_path / "nothing"], path="token.txt")
    assert told.sentence.startswith("This removes 1 version of token.txt from 1 snapshot, and ")
    here, there, log = told.warnings
    assert here.startswith("The file token.txt still lies in the folder")
    assert there == f"The history of {tmp_path / 'fork'} holds it too: purge it there as well."
    assert log.startswith(f"{settings.log_path} holds the same text")
    assert done["sentence"].startswith("Purged: no object of this history holds these bytes; all ")
    with pytest.raises(NotFound):
        plan_purge(project.store, [], settings, path="token.txt")


def test_a_purge_is_of_one_thing_and_of_what_was_shown(project, settings):
    project.write("token.txt", "secret and long enough")
    project.snapshot()
    told, found = plan_purge(project.store, [], settings, path="token.txt")
    with pytest.raises(Conflict):
        apply_purge(project.store, told, found, "0", "why", NOW, "ann")
    for wrong in ({}, {"path": "token.txt", "blob": "0" * 40}, {"blob": "xyz"}, {"execution": "k-1"}, {"path": "../x"}):
        with pytest.raises(InvalidRequest):
            plan_purge(project.store, [], settings, **wrong)


def test_an_execution_is_purged_with_its_outputs(project, settings):
    project.executed(1, "login('hunter2')", outputs_text="in as hunter2")
    told, done = purged(project, settings, execution=f"{SESSION}:m1")
    assert told.sentence.startswith("This removes the record of one execution of cell, its code and outputs, and ")
    assert told.n_executions == 1 and any("Notebooks in snapshots" in each for each in told.warnings)
    with pytest.raises(Forgotten, match="purged"):
        project.store.index.execution(f"{SESSION}:m1")
