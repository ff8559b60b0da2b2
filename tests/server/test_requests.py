"""Requests through the real server, to the real recorder."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from .conftest import API


def project_in(root: Path, name: str = "churn") -> Path:
    folder = root / name
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    (folder / "data.csv").write_bytes(b"a,b\n1,2\n")
    return folder


async def test_a_folder_is_recorded_snapshotted_and_forked(ask: Any, jp_fetch: Any, jp_root_dir: Path) -> None:
    folder = project_in(jp_root_dir)
    row = await ask("POST", "workspaces", body={"path": "churn"})
    assert (row["root"], row["contents_path"]) == (str(folder), "churn")
    workspace = row["id"]
    status = await ask("GET", "status", params={"path": "churn/train.ipynb"})
    assert (status["state"], status["workspace"], status["path"], status["contents_path"]) == (
        "recording", workspace, "train.ipynb", "churn",
    )
    snapshot = await ask("POST", "workspaces", workspace, "snapshots", body={"message": "raw data"})
    tree = await ask("GET", "workspaces", workspace, "snapshots", snapshot["id"], "tree")
    assert "data.csv" in {entry["path"] for entry in tree["items"]}

    plan = await ask("POST", "workspaces", workspace, "fork", "plan", body={"snapshot": snapshot["id"], "path": "churn-2"})
    assert plan["n_files"] >= 2
    fork = await ask("POST", "workspaces", workspace, "fork", body={"snapshot": snapshot["id"], "path": "churn-2"})
    assert fork["workspace"]["contents_path"] == "churn-2"
    assert (jp_root_dir / "churn-2" / "data.csv").read_bytes() == b"a,b\n1,2\n"
    rows = await ask("GET", "workspaces")
    assert {each["contents_path"] for each in rows["items"]} == {"churn", "churn-2"}


async def test_bytes_come_as_something_to_save_never_to_show(ask: Any, jp_fetch: Any, jp_root_dir: Path) -> None:
    folder = project_in(jp_root_dir)
    (folder / "evil.html").write_text("<script>alert(1)</script>")
    workspace = (await ask("POST", "workspaces", body={"path": "churn"}))["id"]
    snapshot = (await ask("POST", "workspaces", workspace, "snapshots", body={"message": "m"}))["id"]
    response = await jp_fetch(
        *API, "workspaces", workspace, "snapshots", snapshot, "file", params={"path": "evil.html"}
    )
    assert response.body == b"<script>alert(1)</script>"
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''evil.html"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response.headers["Content-Security-Policy"]


async def test_a_large_file_is_downloaded_whole(ask: Any, jp_fetch: Any, jp_root_dir: Path) -> None:
    folder = project_in(jp_root_dir)
    data = random.Random(1).randbytes(20_000_000)
    (folder / "raw.py").write_bytes(data)
    settings = {"limits": {"small_file_bytes": 100_000_000}}
    workspace = (await ask("POST", "workspaces", body={"path": "churn"}))["id"]
    await ask("PATCH", "workspaces", workspace, body={"settings": settings})
    snapshot = (await ask("POST", "workspaces", workspace, "snapshots", body={"message": "m"}))["id"]
    response = await jp_fetch(*API, "workspaces", workspace, "snapshots", snapshot[:12], "file", params={"path": "raw.py"})
    assert response.body == data
    assert response.headers["Content-Length"] == str(len(data))
    assert response.headers["Content-Type"] == "application/octet-stream"


async def test_a_restore_is_planned_then_applied(ask: Any, jp_root_dir: Path) -> None:
    folder = project_in(jp_root_dir)
    workspace = (await ask("POST", "workspaces", body={"path": "churn"}))["id"]
    snapshot = (await ask("POST", "workspaces", workspace, "snapshots", body={"message": "m"}))["id"]
    (folder / "data.csv").write_bytes(b"ruined")
    later = (await ask("POST", "workspaces", workspace, "snapshots", body={"message": "n"}))["id"]
    diff = await ask("GET", "workspaces", workspace, "snapshots", later, "diff", params={"before": snapshot})
    assert [(each["path"], each["kind"]) for each in diff["items"]] == [("data.csv", "updated")]
    body = {"snapshot": snapshot, "paths": ["data.csv"]}
    plan = await ask("POST", "workspaces", workspace, "restore", "plan", body=body)
    assert [(step["path"], step["act"]) for step in plan["steps"]] == [("data.csv", "write")]
    result = await ask("POST", "workspaces", workspace, "restore", "apply", body={**body, "plan_digest": plan["plan_digest"]})
    assert result["written"] == ["data.csv"]
    assert (folder / "data.csv").read_bytes() == b"a,b\n1,2\n"


async def test_a_browser_reports_an_execution_of_another_language(ask: Any, jp_root_dir: Path) -> None:
    project_in(jp_root_dir)
    workspace = (await ask("POST", "workspaces", body={"path": "churn"}))["id"]
    reported = {
        "path": "churn/r.ipynb", "kernel_id": "k1", "kernel_name": "ir", "msg_id": "m_1", "cell_id": "c1",
        "source": "x <- 1", "started_at": "2026-11-21T09:18:00.000000Z", "finished_at": "2026-11-21T09:18:01.000000Z",
        "outcome": "ok", "outputs": [{"output_type": "stream", "name": "stdout", "text": "1\n"}],
    }
    execution = (await ask("PUT", "executions", body=reported))["execution"]
    found = await ask("GET", "workspaces", workspace, "executions", execution)
    assert (found["source"], found["capture"], found["path"]) == ("x <- 1", "partial", "r.ipynb")
    listed = await ask("GET", "workspaces", workspace, "executions", params={"path": "r.ipynb", "limit": "5"})
    assert [each["id"] for each in listed["items"]] == [execution]


async def failure(request: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(HTTPClientError) as caught:
        await request
    return caught.value.code, json.loads(caught.value.response.body)


@pytest.mark.parametrize(
    ("verb", "parts", "params", "body", "status", "kind"),
    [
        ("GET", ["workspaces", "w-0000000000000000"], {}, None, 404, "not_found"),
        ("GET", ["workspaces", "nonsense"], {}, None, (400, 404), None),
        ("GET", ["workspaces", "..%2f..%2fetc"], {}, None, (400, 404), None),
        ("GET", ["nothing-of-ours"], {}, None, 404, "not_found"),
        ("GET", ["workspaces", "find"], {}, None, 400, "invalid_request"),
        ("GET", ["workspaces", "w-0000000000000000", "runs"], {"limit": "many"}, None, 400, "invalid_request"),
        ("POST", ["workspaces"], {}, {}, 400, "invalid_request"),
        ("POST", ["workspaces"], {}, [], 400, "invalid_request"),
        ("POST", ["workspaces"], {}, {"path": 7}, 400, "unsafe_path"),
        ("POST", ["status"], {}, {}, 405, "method_not_allowed"),
    ],
)
async def test_errors_have_one_shape(
    jp_fetch: Any, verb: str, parts: list[str], params: dict[str, str], body: Any, status: Any, kind: str | None
) -> None:
    text = None if body is None else json.dumps(body)
    code, answer = await failure(jp_fetch(*API, *parts, params=params, method=verb, body=text, request_timeout=60))
    assert code in (status if isinstance(status, tuple) else (status,)), answer
    assert set(answer) == {"kind", "message", "hint", "details"}
    assert kind in (None, answer["kind"])
    assert answer["message"]


@pytest.mark.parametrize("body", ["{", '{"path": NaN}', "[" * 100_000, '"\\ud800"'])
async def test_a_body_that_is_not_json_is_named_so(jp_fetch: Any, body: str) -> None:
    code, answer = await failure(jp_fetch(*API, "workspaces", method="POST", body=body, request_timeout=60))
    assert (code, answer["kind"]) == (400, "invalid_request")


async def test_a_body_beyond_the_limit_is_refused(jp_fetch: Any) -> None:
    body = json.dumps({"path": "x", "padding": "y" * 1_100_000})
    code, answer = await failure(jp_fetch(*API, "workspaces", method="POST", body=body))
    assert (code, answer["kind"]) == (400, "invalid_request")
    assert "larger" in answer["message"]


