"""The doctor names what is wrong and what to do."""

from __future__ import annotations

import json
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dotscience_jlab.recording.doctor import examine
from dotscience_jlab.recording.workspaces import Workspaces
from dotscience_jlab.settings import Limits, load_settings
from dotscience_jlab.store.open import open_store
from dotscience_jlab.store.widen import widen_history


@pytest.fixture
def prefix(tmp_path, monkeypatch):
    """An environment of its own, with nothing of ours in it."""
    folder = tmp_path / "env"
    folder.mkdir()
    monkeypatch.setattr(sys, "prefix", str(folder))
    monkeypatch.setattr("dotscience_jlab.recording.doctor.jupyter_config_path", lambda: [str(folder / "etc")])
    monkeypatch.setattr("dotscience_jlab.recording.doctor.jupyter_path", lambda *parts: [str(folder.joinpath("share", *parts))])
    return folder


def states(settings, disk_path=None):
    checks = examine(settings, disk_path, Workspaces(settings, open_store, widen_history))
    assert all(check.sentence.endswith((".", "!")) and (check.remedy or check.state != "problem") for check in checks)
    return {check.name: check.state for check in checks}


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_an_empty_environment_names_each_missing_part(prefix, settings):
    found = states(settings)
    assert (found["server extension"], found["side panel"], found["kernels"]) == ("problem", "problem", "warning")


def test_a_whole_environment_is_fine(prefix, settings):
    body = {"ServerApp": {"jpserver_extensions": {"dotscience_jlab": True}}}
    put(prefix / "etc" / "jupyter_server_config.d" / "dotscience_jlab.json", json.dumps(body))
    put(prefix / "share" / "labextensions" / "dotscience-jlab" / "package.json", "{}")
    put(prefix / "etc" / "ipython" / "startup" / "50-dotscience.py", "")
    found = states(settings)
    assert (found["server extension"], found["side panel"], found["kernels"], found["recording"]) == ("ok",) * 4
    body["ServerApp"]["jpserver_extensions"]["dotscience_jlab"] = False
    put(prefix / "etc" / "jupyter_server_config.d" / "dotscience_jlab.json", json.dumps(body))
    assert states(settings)["server extension"] == "problem"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"ServerApp": null}', "null"])
def test_broken_configuration_is_no_crash(prefix, settings, text):
    put(prefix / "etc" / "jupyter_server_config.json", text)
    assert states(settings)["server extension"] == "problem"


def test_who_switched_recording_off_is_named(settings):
    off = load_settings({"HOME": str(settings.home), "DOTSCIENCE_DISABLE": "1"})
    [check] = [each for each in examine(off, None, Workspaces(off, open_store, widen_history)) if each.name == "recording"]
    assert check.state == "warning" and "DOTSCIENCE_DISABLE" in check.sentence


def test_the_recorders_socket(settings):
    assert states(settings)["recorder"] == "warning"
    settings.socket_path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(settings.socket_path))
        settings.socket_path.chmod(0o600)
        assert states(settings)["recorder"] == "warning"  # nobody listens
        listener.listen()
        assert states(settings)["recorder"] == "ok"
        settings.socket_path.chmod(0o666)
        assert states(settings)["recorder"] == "problem"


def test_too_little_space_is_said(settings):
    assert states(replace(settings, limits=Limits(free_bytes=10**18)))["disk"] == "warning"
    assert states(replace(settings, limits=Limits(free_bytes=0, free_share=0.0)))["disk"] == "ok"


def test_a_folder_says_whether_and_why_it_is_recorded(settings, project):
    assert states(settings, str(project / "train.ipynb"))["folder"] == "warning"
    open_store(project, create=True).close()
    checks = examine(settings, str(project / "train.ipynb"), Workspaces(settings, open_store, widen_history))
    assert checks[-1].state == "ok" and str(project) in checks[-1].sentence
