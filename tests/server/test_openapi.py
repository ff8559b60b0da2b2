"""The OpenAPI document is true: in step with the code, valid, and a live server keeps to it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dotscience_jlab.model.codec import to_json
from dotscience_jlab.model.execution import Execution, FileUse
from dotscience_jlab.model.ids import ExecutionId, SessionId
from dotscience_jlab.model.instant import instant
from dotscience_jlab.model.run import MetricSummary, Run
from dotscience_jlab.server.openapi import DOCUMENT_PATH, build_document, document_text
from dotscience_jlab.server.operations import OPERATIONS

TOKEN = "a-token-for-tests"
SEED = 20261121


def test_the_kept_document_is_what_the_code_says() -> None:
    assert DOCUMENT_PATH.read_text(encoding="utf-8") == document_text(), "run python -m dotscience_jlab.server.openapi"


def test_every_request_of_the_table_that_has_a_route_is_an_operation() -> None:
    table = (Path(__file__).resolve().parents[2] / "docs" / "requests.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| `")]
    routed = {method.strip().strip("`") for method, http in rows if "(server only)" not in http and http.strip() not in ("", "-")}
    assert {each.method for each in OPERATIONS} >= routed


def test_records_keep_to_their_schema() -> None:
    import jsonschema

    run = Run(
        id="r", name="train · 1", number=1, session=None, state="running", started_at=instant(1.0),  # type: ignore[arg-type]
        metrics={"loss": MetricSummary(float("nan"), 0.1, float("inf"), 3)}, inputs=(FileUse("/d/x.csv", "input"),),
        parameters={"lr": 0.1, "name": "a", "on": True, "none": None},
    )
    session = SessionId("k-0")
    execution = Execution(ExecutionId("k-0:1"), session, "x", 1, instant(0.0), outputs=({"output_type": "stream"},))
    document = build_document()
    for name, record in (("Run", run), ("Execution", execution)):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        validator = jsonschema.Draft202012Validator(schema)
        validator.validate(to_json(record))
        with pytest.raises(jsonschema.ValidationError):
            validator.validate({**to_json(record), "started_at": 7})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A Jupyter server of its own process, with a folder that has a history; `{base, workspace, snapshot}`."""
    import shutil
    import tempfile

    home = Path(tempfile.mkdtemp(prefix="ds-"))
    work = home / "work"
    (work / "p").mkdir(parents=True)
    (work / "p" / "pyproject.toml").write_text("")
    (work / "p" / "data.csv").write_text("a,b\n1,2\n")
    (home / "runtime").mkdir(mode=0o700)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER_", "JPY_", "DOTSCIENCE_"))},
        "HOME": str(home), "JUPYTER_DATA_DIR": str(home / "data"), "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_CONFIG_DIR": str(home / "config"), "DOTSCIENCE_RECORDER_IDLE_S": "1",
    }
    command = [
        sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", "--ServerApp.port=0",
        f"--ServerApp.root_dir={work}", f"--IdentityProvider.token={TOKEN}", "--ServerApp.base_url=/user/x/",
        "--ServerApp.jpserver_extensions={'dotscience_jlab': True}",
    ]
    log = (home / "server.log").open("wb")
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=work)
    try:
        base = f"{_address(home / 'runtime', process)}dotscience/api/v1"
        workspace = _call(base, "POST", "workspaces", {"path": "p"})["id"]
        snapshot = _call(base, "POST", f"workspaces/{workspace}/snapshots", {"message": "m"})["id"]
        yield {"base": base, "workspace": workspace, "snapshot": snapshot, "log": home / "server.log"}
    finally:
        process.terminate()
        process.wait(30)
        log.close()
        deadline = time.monotonic() + 20
        while any((home / "runtime").glob("dotscience-recorder-*.sock")) and time.monotonic() < deadline:
            time.sleep(0.1)
        shutil.rmtree(home, ignore_errors=True)


def _address(runtime: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            try:
                return str(json.loads(file.read_text())["url"])
            except ValueError:
                pass  # half written
        time.sleep(0.1)
    raise AssertionError("the Jupyter server did not start")


def _call(base: str, verb: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{base}/{path}", data, {"Authorization": f"token {TOKEN}"}, method=verb)
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError:
            raise  # it answers
        except (ConnectionError, urllib.error.URLError):  # its address is written down before it listens there
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def run_schemathesis(server: dict[str, Any], max_examples: int) -> None:
    """Every operation gets `max_examples` requests, half of them against a folder that exists, good and bad ones."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis import seed as seeded
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    headers = {"Authorization": f"token {TOKEN}"}
    schema = schemathesis.openapi.from_url(f"{server['base']}/openapi.json", headers=headers)
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    n_answered = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path == "/workspaces/{workspace}/forget":
            continue  # would end the history that the others read

        @seeded(SEED)
        @settings(
            max_examples=max_examples, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @schemathesis_given(operation)
        def ask(case: Any) -> None:
            nonlocal n_answered
            n_answered += 1
            if n_answered % 2:
                known = {**server, "after": server["snapshot"]}
                case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
            response = case.call(base_url=server["base"], headers=headers, timeout=60)
            if response.status_code != 503:
                case.validate_response(response, checks=checks)
            else:
                raise AssertionError(response.text)

        ask()
    assert n_answered >= len(OPERATIONS) - 1


def schemathesis_given(operation: Any) -> Any:
    from hypothesis import given

    return given(case=operation.as_strategy())


def test_a_live_server_keeps_to_the_document(server: dict[str, Any]) -> None:
    print(f"seed {SEED}, 5 examples an operation; 100 with --whole")
    run_schemathesis(server, 5)


@pytest.mark.slow(share=0)
def test_a_live_server_keeps_to_the_document_at_length(server: dict[str, Any]) -> None:
    run_schemathesis(server, 100)
