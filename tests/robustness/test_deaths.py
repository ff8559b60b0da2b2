"""Whoever is killed, whenever: nothing is shown as running for ever, nothing is lost, nothing is there twice."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dotscience_jlab.link.client import connect
from dotscience_jlab.link.launch import connect_or_launch
from dotscience_jlab.settings import load_settings
from dotscience_jlab.store.check import check_history
from dotscience_jlab.store.open import open_store
from tests.executors.history import TIMEOUT_S, History
from tests.tracking.kernel_driver import Kernel


def kernel_in(project: Path, home: Path, **environ: str) -> Kernel:
    return Kernel(home, project, env={"JPY_SESSION_NAME": str(project / "train.ipynb"), **environ})


def kill_recorder() -> int:
    with connect_or_launch(load_settings(), "cli") as link:
        pid = int(link.recorder["pid"])
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + TIMEOUT_S
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return pid


def kernel_pid(kernel: Kernel) -> int:
    return int(kernel.run("import os; print(os.getpid())", cell_id="pid").text())


def test_a_kernel_killed_in_mid_cell_leaves_a_killed_execution_and_a_killed_run(project: Path, own_home: Path) -> None:
    kernel = kernel_in(project, own_home)
    pid = kernel_pid(kernel)
    kernel.send("import dotscience_jlab as ds, time\nds.parameter('lr', 0.1)\nfor step in range(100000):\n"
                "    ds.metric('loss', 1.0, step=step)\n    if step == 500: print('here', flush=True)\n"
                "    if step > 500: time.sleep(0.01)", cell_id="loop")
    history = History(project)
    live = history.until(lambda each: each[0]["metrics"]["loss"]["n_points"] > 400,
                         lambda: [run for run in history.ask("runs.list")["items"] if "loss" in run["metrics"]] or
                         [{"metrics": {"loss": {"n_points": 0}}}])
    assert live[0]["state"] == "running"
    os.kill(pid, signal.SIGKILL)
    found = history.executions(2)
    kernel.close()

    assert [each["outcome"] for each in found] == ["ok", "killed"]
    assert found[1]["outputs_text"] == "here" and found[1]["capture"] == "partial"
    (run,) = history.runs()
    assert run["state"] == "killed" and run["state_reason"] and run["parameters"] == {"lr": 0.1}
    series = history.ask("runs.series", run=run["id"], max_points=100_000)["items"][0]
    assert run["metrics"]["loss"]["n_points"] == len(series["values"]) >= 501
    assert series["steps"] == list(range(len(series["steps"])))
    status = history.ask("status", disk_path=str(project / "train.ipynb"))
    assert status["state"] == "recording"


def test_a_recorder_killed_in_mid_run_loses_and_doubles_nothing(project: Path, own_home: Path) -> None:
    kernel = kernel_in(project, own_home)
    kernel.run("import dotscience_jlab as ds, time\nds.start('long')\nds.parameter('lr', 0.1)", cell_id="start")
    for number in range(2):
        running = kernel.send(f"for step in range({number * 100}, {number * 100 + 100}):\n"
                              "    ds.metric('loss', float(step), step=step); time.sleep(0.002)\n"
                              f"print('part {number}')\n_ = open('part{number}.txt', 'w').write('{number}')",
                              cell_id=f"part{number}")
        time.sleep(0.1)
        kill_recorder()
        kernel.wait(running)
    kernel.run("ds.publish('done')", cell_id="end")
    kernel.close()

    history = History(project)
    found = history.executions(4)
    assert [each["cell_id"] for each in found] == ["start", "part0", "part1", "end"]
    assert [each["outcome"] for each in found] == ["ok"] * 4
    assert [each["outputs_text"] for each in found][1:3] == ["part 0", "part 1"]
    (run,) = history.runs()
    assert (run["state"], run["description"], run["parameters"]) == ("finished", "done", {"lr": 0.1})
    assert run["executions"] == [each["id"] for each in found[:3]]
    series = history.ask("runs.series", run=run["id"], max_points=100_000)["items"][0]
    assert series["steps"] == list(range(200)) and series["values"] == [float(step) for step in range(200)]
    assert run["metrics"]["loss"]["n_points"] == 200
    kill_recorder()
    assert [each["id"] for each in history.executions(4)] == [each["id"] for each in found]
    assert [each["number"] for each in history.runs()] == [run["number"]]
    assert not [each for each in load_settings().spool_dir.iterdir() if each.is_dir()]


def test_a_recorder_killed_after_a_history_was_forgotten_brings_nothing_of_it_back(project: Path, own_home: Path) -> None:
    kernel = kernel_in(project, own_home)
    kernel.run("'forgotten'", cell_id="one")
    history = History(project)
    (forgotten,) = history.executions(1)
    with connect_or_launch(load_settings(), "cli") as link:
        workspace = link.request("workspaces.find", {"disk_path": str(project)})["id"]
        link.request("workspaces.forget", {"workspace": workspace, "confirm": workspace})
    kill_recorder()
    kernel.run("'new'", cell_id="two")
    kernel.close()
    assert [each["source"] for each in history.executions(1)] == ["'new'"]
    assert forgotten["source"] == "'forgotten'"


@pytest.mark.parametrize("n_cells", [5, pytest.param(100, marks=pytest.mark.slow(share=0))])
def test_two_users_recorders_share_one_folder(n_cells: int, project: Path, own_home: Path, tmp_path: Path) -> None:
    """Two homes, two recorders, one store: all cells of both are in it, each once, and nothing is wrong with it."""
    other = own_home / "o"
    environ = {"JUPYTER_DATA_DIR": str(other / "data"), "JUPYTER_RUNTIME_DIR": str(other / "run"), "HOME": str(other)}
    for folder in ("data", "run"):
        (other / folder).mkdir(parents=True)
    (other / "run").chmod(0o700)
    kernels = [kernel_in(project, own_home), kernel_in(project, own_home, **environ)]
    for number in range(n_cells):
        asked = [kernel.send(f"print('{name} {number}')\n_ = open('{name}.txt', 'w').write('{number}')", cell_id=name)
                 for kernel, name in zip(kernels, ("a", "b"))]
        for kernel, msg_id in zip(kernels, asked):
            kernel.wait(msg_id)
    for kernel in kernels:
        kernel.close()
    history = History(project)
    found = history.executions(2 * n_cells)
    expected = sorted(f"{name} {number}" for name in "ab" for number in range(n_cells))
    assert sorted(each["outputs_text"] for each in found) == expected
    store = open_store(project)
    shots = {each.id: each for each in store.snapshots(limit=10_000)}
    assert all(each["snapshot"] in shots for each in found)
    line = list(shots.values())
    assert [each.parents for each in line] == [*((each.id,) for each in line[1:]), ()]
    executed = [each.execution for each in line if each.execution]
    assert len(executed) == len(set(executed)), "a cell has two snapshots"
    store.close()
    told = check_history(project / ".dotscience", project)
    assert told.is_whole and not [each for each in told.findings if each.kind != "rubbish"]


@pytest.mark.parametrize("n_bytes", [20_000_000, pytest.param(200_000_000, marks=pytest.mark.slow(share=0))])
def test_a_huge_output_is_cut_and_says_so_and_the_recorder_stays_small(n_bytes: int, project: Path, own_home: Path) -> None:
    limit = 1_000_000 if n_bytes < 100_000_000 else 10_000_000
    settings = load_settings()
    settings.data_dir.mkdir(parents=True)
    (settings.data_dir / "settings.json").write_text(f'{{"limits": {{"output_bytes": {limit}}}}}')
    kernel = kernel_in(project, own_home)
    line = "x" * 99 + "\n"
    kernel.run(f"for _ in range({n_bytes} // 10_000):\n    print({line!r} * 100, end='')", cell_id="big")
    after = kernel.run("print('alive')", cell_id="after")
    assert after.text() == "alive\n"
    history = History(project)
    found = history.executions(2)
    with connect(settings, "cli") as link:
        peak_bytes = peak_memory(int(link.recorder["pid"]))
    kernel.close()

    kept = sum(len(output["text"]) for output in found[0]["outputs"])
    assert kept == limit and found[0]["n_cut_bytes"] == n_bytes - limit
    assert any(f"{n_bytes - limit:,} bytes of output were left out" in each for each in found[0]["capture_reasons"])
    assert found[1]["outputs_text"] == "alive" and found[1]["capture"] == "complete"
    assert peak_bytes < 120_000_000 + 12 * limit


def peak_memory(pid: int) -> int:
    """VmHWM, the most that was ever resident, in bytes."""
    if sys.platform != "linux":
        pytest.skip("read from /proc")
    lines: dict[str, Any] = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024


@pytest.mark.slow(share=0)
def test_a_recorder_killed_while_a_fork_fills_goes_on_when_the_fork_is_opened(project: Path, tmp_path: Path) -> None:
    large = {f"part{n}.bin": os.urandom(12 << 20) for n in range(4)}
    for name, data in large.items():
        (project / name).write_bytes(data)
    with connect_or_launch(load_settings(), "cli") as link:
        workspace = link.request("workspaces.init", {"disk_path": str(project)})["id"]
        link.request("workspaces.change", {"workspace": workspace, "settings": {"limits": {"small_file_bytes": 1 << 30}}})
        snapshot = link.request("snapshots.make", {"workspace": workspace, "message": "large"}, timeout_s=60)["id"]
        root = tmp_path / "fork"
        asked = {"workspace": workspace, "snapshot": snapshot, "disk_path": str(root)}
        made = link.request("fork", asked, timeout_s=60)
        os.kill(int(link.recorder["pid"]), signal.SIGKILL)
    n_there = sum((root / name).exists() for name in large)
    if made["n_later"]:  # else the file system shares them, and nothing was on its way
        assert made["n_later"] == len(large) > n_there
    with connect_or_launch(load_settings(), "cli") as link:
        deadline = time.monotonic() + TIMEOUT_S
        while link.request("fork.arriving", {"disk_path": str(root / "part0.bin")})["n_files"] and time.monotonic() < deadline:
            time.sleep(0.02)
        forked = link.request("workspaces.find", {"disk_path": str(root)})["id"]
        now = link.request("snapshots.make", {"workspace": forked, "message": "nothing differs"}, timeout_s=60)
        assert now["id"] == snapshot
    assert {name: (root / name).read_bytes() == data for name, data in large.items()} == dict.fromkeys(large, True)
    assert [each for each in check_history(root / ".dotscience", root).findings if each.is_damage] == []
