"""A snapshot that was asked for holds what the reader sees; one that guards a restore holds the bytes on disk."""

from __future__ import annotations

import json

import pytest

from dotscience_jlab.model.snapshot import Snapshot
from dotscience_jlab.recording.documents import Documents
from dotscience_jlab.recording.snapshots import take_snapshot

from .spool import Bench

META = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def cell(source):
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}


def notebook(source):
    cells = [{**cell(source), "id": "c1"}]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": META, "cells": cells}, indent=3)


class Desk:
    """A project with one notebook on disk, and a browser that has it open."""

    def __init__(self, folder):
        self.bench = Bench(folder)
        self.file = self.bench.root / "train.ipynb"
        self.file.write_text(notebook("saved = 1"))
        self.store = self.bench.store
        self.activity = self.bench.recorder.around.activity(self.store)
        self.documents: Documents = self.activity.documents
        self.revision = 0

    def report(self, source, is_unsaved=True):
        self.revision += 1
        assert self.documents.report(
            str(self.file), "doc", None, self.revision, {"c1": cell(source)}, ["c1"], META, is_unsaved
        )

    def take(self, reason="message") -> Snapshot:
        return take_snapshot(self.store, self.bench.workspaces, self.activity, "before lunch", reason, 1_795_000_000.0)

    def kept(self, snapshot):
        return self.store.read_blob(self.store.entry(snapshot.id, "train.ipynb").digest)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def sources(data):
    return ["".join(each["source"]) for each in json.loads(data)["cells"]]


def test_a_snapshot_asked_for_holds_unsaved_edits(desk):
    desk.report("unsaved = 2")
    assert sources(desk.kept(desk.take())) == ["unsaved = 2"]
    assert sources(desk.file.read_bytes()) == ["saved = 1"], "the file itself is the reader's to save"


def test_a_guard_of_a_restore_holds_the_bytes_on_disk(desk):
    desk.report("unsaved = 2")
    assert desk.kept(desk.take("before restore")) == desk.file.read_bytes()


def test_a_notebook_without_unsaved_edits_is_kept_byte_for_byte(desk):
    desk.report("saved = 1", is_unsaved=False)
    assert desk.kept(desk.take()) == desk.file.read_bytes()


def test_a_later_save_on_disk_outdates_the_report(desk):
    desk.report("unsaved = 2")
    desk.file.write_text(notebook("saved_later = 3"))
    assert desk.kept(desk.take()) == desk.file.read_bytes()


def test_an_executed_cell_is_in_the_snapshot_although_never_saved(desk):
    desk.bench.cell("executed = 4")
    assert sources(desk.kept(desk.take())) == ["executed = 4"]
