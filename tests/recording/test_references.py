"""What a person may type for a snapshot."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from dotscience_jlab.errors import InvalidRequest, NotFound
from dotscience_jlab.model.instant import instant
from dotscience_jlab.model.snapshot import SnapshotDraft
from dotscience_jlab.recording.references import moment_of, resolve_snapshot

from .folder import Project

BERLIN = timezone(timedelta(hours=1))
NOW = datetime(2026, 11, 21, 16, 20, tzinfo=BERLIN)


@pytest.mark.parametrize("text, moment", [
    ("14:03", "2026-11-21T13:03:59.999999Z"),
    ("14:03:07", "2026-11-21T13:03:07.999999Z"),
    ("16:20", "2026-11-21T15:20:59.999999Z"),
    ("17:00", "2026-11-20T16:00:59.999999Z"),
    ("2026-11-20", "2026-11-20T22:59:59.999999Z"),
    ("2026-11-20 14:03", "2026-11-20T13:03:59.999999Z"),
    ("2026-11-20T14:03:07", "2026-11-20T13:03:07.999999Z"),
    ("2026-11-20T14:03:07Z", "2026-11-20T14:03:07.999999Z"),
    ("2026-11-20T14:03:07.123456Z", "2026-11-20T14:03:07.123456Z"),
    ("2026-11-20T14:03+02:00", "2026-11-20T12:03:59.999999Z"),
    ("10 minutes ago", "2026-11-21T15:10:00.000000Z"),
    ("2h ago", "2026-11-21T13:20:00.000000Z"),
    ("1 day ago", "2026-11-20T15:20:00.000000Z"),
    ("yesterday", "2026-11-20T22:59:59.999999Z"),
])
def test_times_as_people_type_them(text, moment):
    assert moment_of(text, NOW) == moment


@pytest.mark.parametrize("text", ["train", "7", "s-0123", "14", "a:b", "", "14:03 or so"])
def test_what_is_no_time(text):
    assert moment_of(text, NOW) is None


@pytest.mark.parametrize("text", ["25:00", "14:99", "2026-13-01", "2026-02-30 10:00", "999999 weeks ago", "0001-01-01 00:00"])
def test_a_time_that_does_not_exist_is_said(text):
    with pytest.raises(InvalidRequest):
        moment_of(text, NOW)


@pytest.fixture
def project(tmp_path):
    """Snapshots at 14:01, 14:02, 14:03 in Berlin, message = number."""
    project = Project(tmp_path / "churn")
    project.made = []
    for minute in (1, 2, 3):
        project.write("a.txt", str(minute))
        edits = project.store.scan(project.rules).edits
        at = instant(datetime(2026, 11, 21, 13, minute, 30, tzinfo=timezone.utc).timestamp())
        project.made.append(project.store.publish(SnapshotDraft(str(minute), at, dict(edits))))
    return project


def find(project, reference):
    return resolve_snapshot(project.store, reference, NOW).message


@pytest.mark.parametrize("reference, message", [
    ("@", "3"), ("head", "3"), ("@{0}", "3"), ("@{1}", "2"), ("@{2}", "1"), ("14:02", "2"), ("14:02:29", "1"), (" 14:03 ", "3"),
    ("2026-11-21", "3"),
])
def test_places_and_times(project, reference, message):
    assert find(project, reference) == message


def test_ids_starts_of_ids_executions_and_runs(project):
    first, second, third = project.made
    execution = project.executed(1, snapshot=second.id)
    run = project.ran(7, snapshot=first.id)
    assert find(project, third.id) == "3"
    assert find(project, third.id[:12]) == find(project, third.id[2:12]) == "3"
    assert find(project, execution.id) == "2"
    assert find(project, run.id) == find(project, run.name) == find(project, "7") == "1"


def test_a_start_of_several_ids_is_asked_about(tmp_path):
    project = Project(tmp_path / "many")
    for n in range(17):  # sixteen digits: two of seventeen ids begin alike
        project.write("a.txt", str(n))
        project.snapshot()
    starts = [snapshot.id[:3] for snapshot in project.store.snapshots()]
    shared = next(start for start in starts if starts.count(start) > 1)
    with pytest.raises(InvalidRequest, match=f"start of {starts.count(shared)} snapshots"):
        find(project, shared)


@pytest.mark.parametrize("reference", ["@{3}", "13:00", "s-ffffffffffffffff", "nothing", "", "k-0123456789abcdef:m9", "../x"])
def test_what_is_not_there_is_not_found_with_a_hint(project, reference):
    with pytest.raises(NotFound) as caught:
        find(project, reference)
    assert caught.value.hint or reference.startswith(("s-", "k-"))


def test_an_execution_without_a_snapshot_says_why(project):
    execution = project.executed(1, capture_reasons=("The disk is full.",))
    with pytest.raises(NotFound, match="The disk is full"):
        find(project, execution.id)


def test_an_empty_history_says_so(tmp_path):
    with pytest.raises(NotFound, match="Nothing has been recorded"):
        find(Project(tmp_path / "new"), "14:03")
