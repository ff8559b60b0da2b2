"""Every command against a real recorder and a real store."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import tempfile
import zipfile
from pathlib import Path

import click
import nbformat
import pytest
from click.testing import CliRunner

from dotscience_jlab.cli import main
from dotscience_jlab.link.client import connect
from dotscience_jlab.settings import load_settings

from .conftest import Shell, wait_until_gone


def test_init_makes_a_folder_of_its_own(ds: Shell) -> None:
    made = ds.json("init", "inner")
    assert Path(made["root"]) == (ds.folder / "inner").resolve()
    assert (ds.folder / "inner" / ".dotscience" / "store.git").is_dir()
    assert ds.json("status", "-C", "inner")["root"] == made["root"]


def test_a_script_leaves_an_execution_and_a_run(trained_here: Shell) -> None:
    newest, first = trained_here.json("log")
    assert newest["source"] == (trained_here.folder / "train.py").read_text()
    assert (newest["outcome"], newest["kind"], newest["path"]) == ("ok", "script", "train.py")
    assert first["started_at"] < newest["started_at"]
    assert first["snapshot"] != newest["snapshot"]
    runs = trained_here.json("runs")
    assert [run["parameters"]["lr"] for run in runs] == [0.05, 0.1]
    assert [run["metrics"]["acc"]["last"] for run in runs] == [0.7, 0.9]
    assert [run["state"] for run in runs] == ["finished", "finished"]


def test_tables_say_the_same_in_words(trained: Shell) -> None:
    table = trained("runs").stdout
    assert "lr" in table and "acc" in table and "0.05" in table
    assert "train.py" in trained("log").stdout
    assert "recording" in trained("status").stdout


def test_runs_are_sorted_and_searched_by_the_recorder(trained: Shell) -> None:
    assert [run["parameters"]["lr"] for run in trained.json("runs", "--sort", "parameters.lr")] == [0.05, 0.1]
    assert [run["parameters"]["lr"] for run in trained.json("runs", "--sort", "-metrics.acc")] == [0.1, 0.05]
    assert len(trained.json("runs", "-n", "1")) == 1
    assert trained.json("log", "--search", "no such word") == []


def test_show_finds_each_kind_of_thing(trained: Shell) -> None:
    newest = trained.json("log")[0]
    kinds = {"1": "run", "@{0}": "snapshot", newest["id"]: "execution", newest["snapshot"]: "snapshot"}
    for ref, what in kinds.items():
        assert trained.json("show", ref)["record"] == what
        assert trained("show", ref).stdout.strip()


def test_diff_of_two_runs_shows_what_differs(trained: Shell) -> None:
    rows = {row["name"]: row for row in trained.json("diff", "1", "2")["rows"]}
    assert rows["lr"]["values"] == [0.1, 0.05] and rows["lr"]["is_different"]
    assert "0.05" in trained("diff", "1", "2").stdout


def test_diff_of_two_moments_names_the_files(trained: Shell) -> None:
    newest, first = (each["snapshot"] for each in trained.json("log"))
    changed = [each["path"] for each in trained.json("diff", first, newest)["items"]]
    assert changed == ["model.txt"]
    assert "+trained with 0.05" in trained("diff", first, newest).stdout


def test_restore_says_first_asks_then_does_and_can_be_undone(trained: Shell) -> None:
    model = trained.folder / "model.txt"
    first = trained.json("log")[-1]["snapshot"]
    assert "model.txt" in trained("restore", first, "--dry-run").stdout
    trained("restore", first, code=4)
    assert model.read_text() == "trained with 0.05"
    done = trained.json("restore", first, "model.txt", "--yes")
    assert done["written"] == ["model.txt"]
    assert model.read_text() == "trained with 0.1"
    trained("restore", done["snapshot_before"], "--yes")
    assert model.read_text() == "trained with 0.05"


def test_restore_into_a_new_folder_touches_nothing_else(trained: Shell) -> None:
    first = trained.json("log")[-1]["snapshot"]
    made = trained.json("restore", first, "model.txt", "--into", "../then")
    assert (made["n_files"], made["missing"]) == (1, [])
    assert (trained.folder.parent / "then/model.txt").read_text() == "trained with 0.1"
    assert (trained.folder / "model.txt").read_text() == "trained with 0.05"
    assert "is there already" in trained("restore", first, "--into", "../then", code=4).output


def test_restore_names_who_writes_to_a_file_and_asks_for_more_than_a_yes(trained: Shell) -> None:
    model = trained.folder / "model.txt"
    first = trained.json("log")[-1]["snapshot"]
    with open(model, "a"):  # by this process, which is not the recorder's
        assert "is being written by" in trained("restore", first, "model.txt", "--dry-run").stdout
        assert "--even-open" in trained("restore", first, "model.txt", "--yes", code=4).output
        assert model.read_text() == "trained with 0.05"
        trained("restore", first, "model.txt", "--yes", "--even-open")
    assert model.read_text() == "trained with 0.1"


def test_a_path_outside_the_folder_is_refused(trained: Shell) -> None:
    trained("restore", "@{0}", "../outside.txt", code=2)


def test_fork_stands_on_its_own(trained: Shell) -> None:
    made = trained.json("fork", "1", "../forked")
    forked = Path(made["workspace"]["root"])
    assert forked == (trained.folder.parent / "forked").resolve()
    assert (forked / "model.txt").read_text() == "trained with 0.1"
    assert made["workspace"]["origin"]["snapshot"]


def test_a_fork_on_another_disk_borrows_until_it_is_detached(trained: Shell) -> None:
    shared_memory = Path("/dev/shm")
    if not shared_memory.is_dir() or shared_memory.stat().st_dev == trained.folder.stat().st_dev:
        pytest.skip("there is no second file system here")
    with tempfile.TemporaryDirectory(prefix="ds-", dir=shared_memory) as elsewhere:
        trained.json("fork", "1", f"{elsewhere}/a")
        trained.json("fork", "1", f"{elsewhere}/b")
        assert elsewhere in trained("forget", "--all", "--yes", code=4).stderr
        assert "reads older versions in" in trained("fork", "--detach", "--dry-run", "-C", f"{elsewhere}/a").stdout
        assert trained.json("fork", "--detach", "-C", f"{elsewhere}/a")["n_objects"] > 0
        assert trained.json("fork", "--detach", "-C", f"{elsewhere}/a")["n_objects"] == 0
        trained("fork", "--forget", f"{elsewhere}/b", code=4)
        assert trained.json("fork", "--forget", f"{elsewhere}/b", "--yes")["forgotten"] == [f"{elsewhere}/b"]
        trained("fork", "--forget", f"{elsewhere}/b", "--yes", code=3)
        trained("forget", "--all", "--yes")
        detached = f"{elsewhere}/a/model.txt"
        Path(detached).write_text("spoilt")
        trained("restore", "-C", f"{elsewhere}/a", "1", detached, "--yes")
        assert Path(detached).read_text() == "trained with 0.1"


@pytest.mark.parametrize("words", [(), ("1",), ("1", "x", "--detach"), ("--detach", "--forget", "x"), ("--copy-shared",)])
def test_fork_says_what_it_can_do(ds: Shell, words: tuple[str, ...]) -> None:
    assert "ds fork REF PATH" in ds("fork", *words, code=2).stderr


def test_export_is_what_a_spreadsheet_reads(trained: Shell) -> None:
    rows = list(csv.DictReader(io.StringIO(trained("export").stdout)))
    assert sorted(float(row["lr"]) for row in rows) == [0.05, 0.1]
    trained("export", "2", "-f", "json", "-o", "one.json")
    assert len(json.loads((trained.folder / "one.json").read_text())) == 1


def test_a_snapshot_with_a_message_needs_no_cell(ds: Shell) -> None:
    ds("init")
    (ds.folder / "notes.txt").write_text("hello")
    made = ds.json("snapshot", "-m", "before the <b>big</b> change 🎈")
    assert made["message"].startswith("before the <b>big</b> change 🎈")
    assert ds.json("show", made["id"])["record"] == "snapshot"


def test_pause_and_resume(ds: Shell) -> None:
    ds("init")
    ds("pause")
    assert ds.json("status")["state"] == "paused"
    ds("resume")
    assert ds.json("status")["state"] == "recording"


def test_off_and_on_are_kept_for_later_processes(ds: Shell) -> None:
    ds("off")
    assert load_settings().is_disabled
    ds("on")
    assert not load_settings().is_disabled


def test_a_pin_keeps_a_snapshot_from_every_policy(trained: Shell) -> None:
    newest, first = (each["snapshot"] for each in trained.json("log"))
    assert trained.json("forget", "--keep-all", "0", "--daily", "0")["n_snapshots"] >= 1
    assert trained.json("pin", first)["is_pinned"] and "is pinned" in trained("pin", first).stdout
    assert trained.json("forget", "--keep-all", "0", "--daily", "0")["n_snapshots"] == 0
    assert not trained.json("unpin", first)["is_pinned"]
    told = trained("forget", "--keep-all", "0", "--daily", "0").stdout
    assert told.startswith("Keep only the newest snapshot and all pinned, published and starred ones.") and "--apply" in told
    trained("forget", "--keep-all", "0", "--daily", "0", "--apply", code=4)
    assert trained.json("show", first)["id"] == first
    done = trained("forget", "--keep-all", "0", "--daily", "0", "--apply", "--yes").stdout
    assert "Forgotten: 1 snapshot." in done
    assert trained.json("show", trained.json("log")[1]["id"])["snapshot"] == first
    assert "(forgotten)" in trained("show", trained.json("log")[1]["id"]).stdout
    refused = trained("restore", first, "--yes", code=3).output
    assert "was forgotten on" in refused and newest in refused


def test_space_names_the_files_that_take_it(trained: Shell) -> None:
    found = trained.json("space")
    assert found["total_bytes"] > sum(found["kinds"].values()) > 0
    assert {each["path"] for each in found["largest"]} >= {"model.txt", "train.py"}
    assert "train.py" in trained("space").stdout


def test_purge_says_first_asks_and_proves(trained: Shell) -> None:
    trained("purge", code=2)
    plan = trained.json("purge", "model.txt", "--dry-run")
    assert plan["n_snapshots"] == 2 and any("still lies in the folder" in each for each in plan["warnings"])
    trained("purge", "model.txt", code=4)
    done = trained("purge", "model.txt", "--yes", "--reason", "private").stdout
    assert "no object of this history holds these bytes" in done
    trained("purge", "model.txt", code=3)
    assert "model.txt" not in [each["path"] for each in trained.json("space")["largest"]]
    assert (trained.folder / "model.txt").exists()


def test_forget_says_what_would_go_and_waits_for_consent(trained: Shell) -> None:
    plan = trained.json("forget", "--all", "--dry-run")
    assert (plan["n_executions"], plan["n_runs"]) == (2, 2)
    assert "Nothing falls under it" in trained("forget").stdout
    trained("forget", "--all", code=4)
    assert len(trained.json("runs")) == 2
    trained("forget", "--all", "--yes")
    assert not (trained.folder / ".dotscience").exists()
    assert (trained.folder / "model.txt").exists()
    trained("runs", code=3)


def test_exit_codes_before_anything_is_recorded(ds: Shell) -> None:
    for code, words in ((3, "show no-such-thing"), (3, "runs"), (2, "frobnicate"), (2, "restore"), (3, "run absent.py")):
        ds(*words.split(), code=code)


def test_an_error_is_json_for_a_program(ds: Shell) -> None:
    said = json.loads(ds("runs", "--json", code=3).stderr)
    assert said["kind"] == "not_found" and said["message"] and "hint" in said


def test_no_recorder_is_exit_code_5(ds: Shell, monkeypatch: pytest.MonkeyPatch, own_home: Path) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", "/proc/no-such-folder")
    monkeypatch.setenv("JUPYTER_DATA_DIR", "/proc/no-such-folder")
    ds("runs", code=5)


def test_doctor_speaks_of_the_folder_and_its_bundle_hides_secrets(trained: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_TOKEN", "s3cr3t-value-of-mine")
    trained("status")
    log = load_settings().data_dir / "recorder.log"
    log.open("a").write("request with s3cr3t-value-of-mine and password=other-secret\n")
    said = CliRunner().invoke(main, ["doctor", "--json", "--bundle", "bundle.zip"])
    assert any(check["name"] == "folder" for check in json.loads(said.stdout)["checks"])
    with zipfile.ZipFile(trained.folder / "bundle.zip") as bundle:
        assert {"checks.json", "versions.json", "recorder.log"} <= set(bundle.namelist())
        for name in bundle.namelist():
            text = bundle.read(name).decode()
            assert "s3cr3t-value-of-mine" not in text and "other-secret" not in text


def test_completion_is_printed_for_each_shell(ds: Shell) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_DS_COMPLETE" in ds("completion", shell).stdout


def test_every_command_takes_json_and_explains_itself(ds: Shell) -> None:
    for name, command in main.commands.items():
        assert command.help, name
        for each in command.commands.values() if isinstance(command, click.Group) else [command]:
            assert each.help, each.name
            if name != "completion":  # its result is a script for a shell
                assert any("--json" in option.opts for option in each.params), f"{name} {each.name}"


def test_a_notebook_runs_and_is_left_as_it_was(ds: Shell) -> None:
    path = write_notebook(ds.folder / "work.ipynb", ["x = 6", "print(x * 7)", "import dotscience_jlab as ds; ds.metric('m', x)"])
    before = path.read_bytes()
    assert "42" in ds("run", "work.ipynb").stdout
    assert path.read_bytes() == before
    found = ds.until(lambda found: len(found) == 3 and all(each["snapshot"] for each in found), "log")[::-1]
    assert [each["source"] for each in found] == [cell.source for cell in nbformat.read(path, 4).cells]
    assert {each["path"] for each in found} == {"work.ipynb"}
    assert [each["cell_id"] for each in found] == [cell.id for cell in nbformat.read(path, 4).cells]
    assert ds.until(lambda runs: len(runs) == 1, "runs")[0]["metrics"]["m"]["last"] == 6


def test_a_notebook_that_fails_ends_with_1_and_keeps_what_was_done(ds: Shell) -> None:
    path = write_notebook(ds.folder / "bad.ipynb", ["print('before')", "1 / 0", "print('after')"])
    result = ds("run", "--inplace", "bad.ipynb", code=1)
    assert "before" in result.stdout and "ZeroDivisionError" in result.output
    cells = nbformat.read(path, 4).cells
    assert cells[0].outputs and cells[1].outputs[0].ename == "ZeroDivisionError" and not cells[2].outputs
    found = ds.until(lambda found: len(found) == 2 and all(each["outcome"] != "running" for each in found), "log")
    assert [each["outcome"] for each in found] == ["error", "ok"]


def test_a_file_that_is_no_notebook_is_a_clear_error(ds: Shell) -> None:
    (ds.folder / "broken.ipynb").write_text('{"cells": [')
    assert "not a notebook" in ds("run", "broken.ipynb", code=2).output


def test_a_script_ends_with_its_own_exit_code(ds: Shell) -> None:
    (ds.folder / "quits.py").write_text("import sys; print('bye'); sys.exit(7)")
    ds("run", "quits.py", code=7)


def test_the_recorder_outlives_a_killed_one(trained_here: Shell) -> None:
    """The next question starts a new one, and nothing is missing or doubled."""
    with connect(load_settings(), "cli") as link:
        pid = link.recorder["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until_gone(pid)
    assert len(trained_here.json("runs")) == 2
    assert len(trained_here.json("log")) == 2


def write_notebook(path: Path, sources: list[str]) -> Path:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, path)
    return path
