"""Later words about a run, and forgetting a folder's whole history."""

from __future__ import annotations

import pytest

from dotscience_jlab.errors import InvalidRequest, NeedsConsent
from dotscience_jlab.recording.annotate import annotate_run
from dotscience_jlab.recording.forget import forget_all, plan_forget_all
from dotscience_jlab.store.open import opened_store

from .folder import Project


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
