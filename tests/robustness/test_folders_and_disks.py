"""A folder that cannot be written, is full, or vanishes under a living kernel: cells go on, and what can be kept is kept."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest

from tests.recording.spool import Bench

Mount = Callable[..., Path]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Small file systems in memory; skips where this user may not mount."""
    mounted: list[Path] = []

    def mount_at(folder: Path, options: str) -> Path:
        folder.mkdir(exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True)
        if done.returncode:
            pytest.skip("only root may mount a small disk")
        mounted.append(folder)
        return folder

    yield mount_at
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def sources(bench: Bench) -> list[str]:
    return [each.source for each in bench.store.index.executions(limit=100).items][::-1]


def test_a_read_only_folder_has_its_history_elsewhere(mount: Mount, tmp_path: Path) -> None:
    folder = mount(tmp_path / "churn", "size=4m")
    (folder / "data.csv").write_text("a\n1\n")
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
    bench = Bench(tmp_path)
    execution = bench.cell("x = 1", prints="one\n")
    found = bench.store.index.execution(execution)
    assert (found.outcome, found.outputs_text) == ("ok", "one") and found.snapshot
    assert sorted(os.listdir(folder)) == ["data.csv"]
    assert "data.csv" in bench.store.tree(found.snapshot)
    assert list((bench.settings.data_dir / "stores").iterdir())


def test_a_disk_that_is_full_before_the_first_cell_costs_no_cell_once_there_is_space(mount: Mount, tmp_path: Path) -> None:
    folder = mount(tmp_path / "churn", "size=1m")
    fill(folder / "ballast")
    bench = Bench(tmp_path)
    names = [bench.cell(f"x = {number}", prints=f"{number}\n") for number in range(3)]
    assert bench.recorder.is_busy and "space" in str(bench.workspaces.refusals[folder])
    (folder / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=32m", str(folder)], check=True)
    bench.recorder.take_in()
    assert sources(bench) == ["x = 0", "x = 1", "x = 2"] and not bench.recorder.is_busy
    assert [bench.store.index.execution(each).outputs_text for each in names] == ["0", "1", "2"]
    assert not bench.workspaces.refusals


def test_a_disk_that_fills_up_between_cells_costs_no_cell_once_there_is_space(mount: Mount, tmp_path: Path) -> None:
    folder = mount(tmp_path / "churn", "size=4m")
    bench = Bench(tmp_path)
    bench.cell("x = 0")
    fill(folder / "ballast")
    for number in range(1, 4):
        execution = bench.begin(f"x = {number}")
        bench.write("run_opened", run=f"00000000-0000-4000-8000-00000000000{number}", execution=execution, opened_by="start")
        bench.write("names_declared", name_set=number, run=f"00000000-0000-4000-8000-00000000000{number}", names=["loss"],
                    execution=execution)
        for step in range(2000):
            bench.points(number, step, (1.0,))
        bench.end(execution)
        bench.recorder.take_in()
    assert bench.recorder.is_busy
    (folder / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,size=32m", str(folder)], check=True)
    bench.recorder.take_in()
    assert sources(bench) == ["x = 0", "x = 1", "x = 2", "x = 3"] and not bench.recorder.is_busy
    runs = bench.store.index.runs().items
    assert sorted(run.metrics["loss"].n_points for run in runs) == [2000, 2000, 2000]
    assert [len(list(bench.store.index.all_points(run.id))) for run in runs] == [2000, 2000, 2000]
    assert subprocess.run(["git", "-C", str(folder / ".dotscience/store.git"), "fsck", "--strict"]).returncode == 0


def fill(path: Path) -> None:
    with pytest.raises(OSError), open(path, "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)


def test_a_history_deleted_under_a_living_kernel_begins_anew_with_its_open_run(bench: Bench) -> None:
    run = "00000000-0000-4000-8000-000000000001"
    before = bench.begin("lr = ds.parameter('lr', 0.1)")
    bench.write("run_opened", run=run, execution=before, opened_by="start")
    bench.write("run_recorded", run=run, what="parameter", items={"lr": 0.1}, execution=before)
    bench.write("names_declared", name_set=1, run=run, names=["loss"], execution=before)
    bench.points(1, 0, (9.0,))
    bench.end(before)
    bench.recorder.take_in()
    assert bench.store.index.run(run).metrics["loss"].n_points == 1
    shutil.rmtree(bench.root / ".dotscience")

    after = bench.begin("ds.metric('loss', 0.5)", "c2")
    bench.write("names_declared", name_set=2, run=run, names=["loss"], execution=after)
    bench.points(2, 1, (0.5,))
    bench.end(after)
    bench.recorder.take_in()
    assert sources(bench) == ["ds.metric('loss', 0.5)"]
    found = bench.store.index.run(run)
    assert (found.parameters, found.executions, found.state) == ({"lr": 0.1}, (after,), "finished")
    assert (found.metrics["loss"].last, found.metrics["loss"].n_points) == (0.5, 1)
    assert len(list(bench.store.index.all_points(run))) == 1
    bench.write("session_finished", reason="exit")
    bench.recorder.take_in()
    assert bench.recorder.finish()
    assert bench.store.index.session(bench.session).end == "exit"


def test_a_history_deleted_in_mid_cell_keeps_that_cell(bench: Bench) -> None:
    bench.cell("x = 1")
    execution = bench.begin("slow()")
    bench.recorder.take_in()
    shutil.rmtree(bench.root / ".dotscience")
    bench.end(execution)
    bench.recorder.take_in()
    assert sources(bench) == ["slow()"] and not bench.recorder.is_busy


def test_a_folder_deleted_under_a_living_kernel_stops_nothing_and_is_recorded_again_when_it_is_back(bench: Bench) -> None:
    bench.cell("x = 1")
    running = bench.begin("slow()")
    bench.recorder.take_in()
    shutil.rmtree(bench.root)
    bench.end(running)
    bench.recorder.take_in()
    bench.cell("into nothing")
    bench.root.mkdir()
    bench.cell("x = 2")
    assert sources(bench) == ["slow()", "x = 2"]
    assert not bench.recorder.is_busy


def test_a_session_whose_folder_is_gone_for_good_ends_and_leaves_nothing_around_it(bench: Bench) -> None:
    bench.cell("x = 1")
    execution = bench.begin("slow()")
    bench.write("run_opened", run="00000000-0000-4000-8000-000000000001", execution=execution, opened_by="start")
    bench.recorder.take_in()
    shutil.rmtree(bench.root)
    bench.end(execution)
    bench.write("session_finished", reason="exit")
    bench.recorder.take_in()
    assert bench.recorder.finish()
    assert not bench.root.exists() and not (bench.root.parent / ".dotscience").exists()


def test_a_folder_widened_under_a_living_kernel_goes_on_in_its_parent(bench: Bench) -> None:
    bench.cell("x = 1")
    execution = bench.begin("slow()")
    bench.recorder.take_in()
    bench.workspaces.widen(bench.store)
    bench.end(execution)
    bench.recorder.take_in()
    store = bench.workspaces.at_root(bench.root.parent, create=False)
    found = store.index.execution(execution)
    assert (found.outcome, found.path) == ("ok", "churn/train.ipynb")
    assert not (bench.root / ".dotscience").exists()
