"""The magics in a real kernel, asking a recorder that answers from a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import pytest

from dotscience_jlab.settings import Settings
from dotscience_jlab.tracking.tables import Comparison, RunTable

from .fake_recorder import FakeRecorder
from .kernel_driver import Kernel

RUN = {
    "id": "0" * 8,
    "name": "<b>train</b> · 1",
    "state": "finished",
    "started_at": "2026-11-21T09:00:00.000000Z",
    "duration_s": 1.5,
    "parameters": {"lr": 0.1, "loss": "mse"},
    "metrics": {"loss": {"last": 0.25}, "bad": {"last": "NaN"}},
    "labels": {"who": "<i>"},
}
PLAN = {"steps": [{"act": "write", "path": "a.csv", "reason": ""}], "plan_digest": "d1", "snapshot": "s-1"}


def answers(root: Path) -> dict[str, Any]:
    return {
        "workspaces.find": {"id": "w-0000000000000001", "root": str(root), "name": "project"},
        "runs.list": {"items": [RUN], "total": 3},
        "runs.compare": {
            "runs": [{"name": "a"}, {"name": "a"}],
            "code": [{"title": "cell", "unified": "-x<1\n+x<2"}],
            "files": [],
            "rows": [
                {"group": "parameters", "name": "lr", "values": [0.1, 0.2], "is_different": True},
                {"group": "parameters", "name": "same", "values": [1, 1], "is_different": False},
            ],
        },
        "snapshots.get": lambda params: (
            {"id": "s-0123456789abcdef"}
            if params["snapshot"] == "14:03"
            else {
                "error": {
                    "kind": "not_found",
                    "message": "There is no snapshot nope.",
                    "hint": "Look at ds log.",
                    "details": {},
                }
            }
        ),
        "restore.plan": PLAN,
        "restore.apply": {"sentence": "1 file is back.", "written": ["a.csv"], "removed": []},
        "fork": {"n_files": 4, "bytes": 10, "workspace": {}},
    }


@pytest.fixture
def setup(own_home: Path, project: Path, settings: Settings) -> Iterator[tuple[Kernel, FakeRecorder]]:
    recorder = FakeRecorder(settings, answers(project))
    kernel = Kernel(own_home, project)
    yield kernel, recorder
    kernel.close()
    recorder.close()


def result(ran: Any, mime: str = "text/plain") -> str:
    return next(m["content"]["data"][mime] for m in ran.messages if m["msg_type"] in ("execute_result", "display_data"))


def test_the_magics_do_what_their_help_says(setup: tuple[Kernel, FakeRecorder], project: Path) -> None:
    kernel, recorder = setup
    for name in ("ds_run", "ds_runs", "ds_diff", "ds_restore", "ds_fork", "ds_pause", "ds_resume"):
        help_text = "".join(
            str(each["data"]["text/plain"]) for each in kernel.run(f"%{name}?").reply["content"]["payload"]
        )
        assert f"%{name}" in help_text or "Docstring" in help_text

    table = kernel.run("%ds_runs lr --sort -metrics.loss")
    assert "&lt;b&gt;train" in result(table, "text/html") and "<b>" not in result(table, "text/html")
    assert recorder.requests[-1]["params"] == {
        "workspace": "w-0000000000000001",
        "text": "lr",
        "sort": "-metrics.loss",
        "limit": 50,
    }
    frame = kernel.run(
        "t = %ds_runs\nd = t.to_dataframe()\nprint(list(d.columns), d['lr'].dtype, d['bad'].isna().all())"
    )
    assert frame.text() == (
        "['name', 'state', 'started_at', 'duration_s', 'lr', 'parameters.loss', 'metrics.loss', 'bad', 'who'] "
        "float64 True\n"
    )

    diff = result(kernel.run("%ds_diff 1 2"), "text/html")
    assert "-x&lt;1" in diff and "lr" in diff and "same" not in diff

    plan = result(kernel.run("%ds_restore 14:03 'a.csv'"))
    assert "a.csv" in plan and "--yes" in plan
    assert [r["method"] for r in recorder.requests[-2:]] == ["snapshots.get", "restore.plan"]
    assert recorder.requests[-1]["params"]["paths"] == ["a.csv"]
    assert result(kernel.run("%ds_restore 14:03 --yes")) == "1 file is back."
    assert recorder.requests[-1]["params"]["plan_digest"] == "d1"
    wrong = kernel.run("%ds_restore nope")
    assert "There is no snapshot nope." in wrong.text("stderr")

    assert kernel.run("%ds_fork 14:03 ../new").text() == f"Forked 4 files to {project.parent / 'new'}.\n"


def test_a_cell_under_ds_run_is_one_run_with_its_parameters(setup: tuple[Kernel, FakeRecorder]) -> None:
    kernel, _ = setup
    ran = kernel.run(
        "%%ds_run small model -p lr=0.1 -p opt=adam --tag 'data=x y'\nimport dotscience_jlab as ds\n"
        "%time ds.metric('acc', 0.9)\n40 + 2",
        cell_id="a",
    )
    assert result(ran) == "42"
    failed = kernel.run("%%ds_run\n1/0", cell_id="b")
    assert failed.reply["content"]["ename"] == "ZeroDivisionError"
    kernel.events("execution_finished", execution=failed)
    first, second = kernel.events("run_opened")
    assert (first["name"], first["opened_by"], second["name"]) == ("small model", "magic", None)
    recorded = {event["what"]: event["items"] for event in kernel.events("run_recorded")[:4]}
    assert recorded["parameter"] in ({"lr": 0.1}, {"opt": "adam"}) and recorded["label"] == {"data": "x y"}
    assert [event["state"] for event in kernel.events("run_closed")] == ["finished", "failed"]
    assert "ZeroDivisionError" in kernel.events("run_closed")[1]["error"]


def test_pause_and_resume(setup: tuple[Kernel, FakeRecorder]) -> None:
    kernel, _ = setup
    kernel.run("%ds_pause")
    paused = kernel.run("print('hidden')", cell_id="p")
    kernel.run("%ds_resume", cell_id="r")
    after = kernel.run("print('seen')", cell_id="s")
    kernel.events("execution_finished", execution=after)
    (started,) = kernel.events("execution_started", execution=paused)
    assert started["is_paused"] and started["source"] == "" and not kernel.events("output_seen", execution=paused)
    assert kernel.events("output_seen", execution=after)


def test_run_start_publish_and_end_by_magic(setup: tuple[Kernel, FakeRecorder]) -> None:
    kernel, _ = setup
    kernel.run("%ds_run start first try", cell_id="a")
    kernel.run("%ds_run publish -p a=1", cell_id="b")
    kernel.run("%ds_run start", cell_id="c")
    kernel.run("%ds_run end", cell_id="d")
    assert "No run is open." in kernel.run("%ds_run", cell_id="e").text()
    wrong = kernel.run("%ds_run nonsense", cell_id="f")
    kernel.events("execution_finished", execution=wrong)
    assert "say one of" in wrong.text("stderr")
    assert [event["description"] for event in kernel.events("run_opened")] == ["first try", None]
    assert len(kernel.events("run_closed")) == 2 and len(kernel.events("run_published")) == 1


def test_an_empty_table_teaches() -> None:
    assert "ds.metric" in repr(RunTable([], 0)) and "ds.metric" in RunTable([], 0)._repr_html_()
    assert repr(Comparison({"runs": [], "rows": []})) == "No value differs."
