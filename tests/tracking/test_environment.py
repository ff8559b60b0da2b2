"""What a session lists of its environment, and what a run is said to have loaded: folders as an installer leaves them."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dotscience_jlab.model.events import Event, RunClosed, RunOpened, RunRecorded
from dotscience_jlab.model.ids import RunId
from dotscience_jlab.tracking import seeds
from dotscience_jlab.tracking.environment import collect_now
from dotscience_jlab.tracking.loaded import Loaded, computing_libraries
from dotscience_jlab.tracking.surroundings import Surroundings

RUN = RunId("11111111-1111-4111-8111-111111111111")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, first on the path."""
    folder = tmp_path / "site-packages"
    for name, files in {
        "Py_YAML-6.0.dist-info": {"top_level.txt": "_yaml\nyaml\n"},
        "scikit_learn-1.9.1.dist-info": {
            "RECORD": "../../bin/x,,\nscikit_learn-1.9.1.dist-info/METADATA,,\nsklearn/__init__.py,,\n"
        },
        "six-1.16.dist-info": {"RECORD": "six.py,sha256=x,7\n"},
        "old-1.0.egg-info": {"top_level.txt": "old\n"},
        "mine-0.1.dist-info": {"direct_url.json": '{"url": "file:///home/ann/mine", "dir_info": {"editable": true}}'},
        "tool-2.dist-info": {"direct_url.json": json.dumps({
            "url": "https://ann:secret-word@example.org/tool", "vcs_info": {"vcs": "git", "commit_id": "3fa9"},
            "subdirectory": "py",
        })},
        "file_of-3.dist-info": {"direct_url.json": json.dumps({
            "url": "https://example.org/f.tar.gz", "archive_info": {"hashes": {"sha256": "a"}},
        })},
    }.items():
        (folder / name).mkdir(parents=True)
        for each, text in files.items():
            (folder / name / each).write_text(text)
    monkeypatch.setattr(sys, "path", [str(folder)])
    return folder


def test_a_package_is_listed_with_where_it_came_from_and_whose_modules_it_has(packages: Path) -> None:
    owners: dict[str, str] = {}
    environment = collect_now({}, "/", owners)
    assert environment["packages"] == [
        {"name": "file-of", "version": "3", "url": "https://example.org/f.tar.gz", "hashes": {"sha256": "a"}},
        {"name": "mine", "version": "0.1", "url": "file:///home/ann/mine", "editable": True},
        {"name": "old", "version": "1.0"},
        {"name": "py-yaml", "version": "6.0"},
        {"name": "scikit-learn", "version": "1.9.1"},
        {"name": "six", "version": "1.16"},
        {"name": "tool", "version": "2", "url": "https://example.org/tool", "vcs": "git", "commit": "3fa9", "subdirectory": "py"},
    ]
    found = {module: owners.get(module) for module in ("yaml", "_yaml", "sklearn", "six", "old", "mine", "numpy")}
    assert found == {
        "yaml": "py-yaml", "_yaml": "py-yaml", "sklearn": "scikit-learn", "six": "six", "old": "old", "mine": "mine", "numpy": None,
    }  # fmt: skip


def test_the_system_and_the_processor_are_named() -> None:
    environment = collect_now({"OMP_NUM_THREADS": "3", "HOME": "/home/ann"}, "/")
    assert environment["variables"] == {"OMP_NUM_THREADS": "3"}
    assert environment["n_cpus"] and environment["prefix"] == sys.prefix
    if sys.platform == "linux" and Path("/etc/os-release").exists():
        assert environment["os"] and environment["cpu"] and "libc" in environment


def test_what_was_imported_counts_with_the_version_it_was_imported_in(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = Loaded({"OMP_NUM_THREADS": "2", "HOME": "/home/ann"})
    assert loaded.now() is None, "what is installed is not listed yet"
    monkeypatch.setitem(sys.modules, "made_up", sys)
    owners = {"made_up": "made-up", "absent": "absent"}
    loaded.know(owners, [{"name": "made-up", "version": "1"}, {"name": "absent", "version": "1"}])
    first = loaded.now()
    assert first is not None and first["packages"] == {"made-up": "1"} and first["threads"]["OMP_NUM_THREADS"] == "2"
    loaded.know(owners, [{"name": "made-up", "version": "2"}, {"name": "absent", "version": "1"}])
    assert loaded.now() == first, "an upgrade does not change what is in memory"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b"7f00-7f01 r-xp 0 fe:00 12  /opt/x/libopenblas64_p-r0-15028c96.3.21.so\n", ["libopenblas64_p-r0-15028c96.3.21.so"]),
        (b"7f00-7f01 r-xp 0 fe:00 12  /lib/libgomp.so.1.0.0\n", ["libgomp.so.1.0.0"]),
        (b"7f00-7f01 r-xp 0 fe:00 12  /opt/libmkl_rt.so.2\n", ["libmkl_rt.so.2"]),
        (b"7f00-7f01 r-xp 0 fe:00 12  /opt/libcudart-9335f6a2.so.12\n", ["libcudart-9335f6a2.so.12"]),
        (b"7f00-7f01 r-xp 0 fe:00 12  /opt/libcompose.so\n", []),
        (b"7f00-7f01 rw-p 0 00:00 0\n7f00-7f01 r--p 0 fe:00 12  /home/ann/openblas.txt\n", []),
    ],
)
def test_libraries_that_compute_are_told_by_their_names(line: bytes, found: list[str]) -> None:
    assert computing_libraries(line * 2) == found


def test_equal_random_states_have_equal_digests_and_reading_them_draws_nothing() -> None:
    numpy = pytest.importorskip("numpy")
    random.seed(7)
    numpy.random.seed(7)
    first = seeds.digests(seeds.states())
    assert seeds.digests(seeds.states()) == first and first.keys() >= {"random", "numpy"}
    random.random()
    second = seeds.digests(seeds.states())
    assert second["random"] != first["random"] and second["numpy"] == first["numpy"]
    random.seed(7)
    assert seeds.digests(seeds.states())["random"] == first["random"]
    numpy.random.rand()
    assert seeds.digests(seeds.states())["numpy"] != first["numpy"]


@pytest.mark.slow(share=0)
def test_torch_says_its_seed_and_no_library_is_imported_for_it() -> None:
    code = (
        "import sys; from dotscience_jlab.tracking import seeds; before = seeds.digests(seeds.states())\n"
        "assert not {'numpy', 'torch'} & (sys.modules.keys() | before.keys())\n"
        "import torch; torch.manual_seed(1234); print(seeds.digests(seeds.states())['torch'])"
    )
    pytest.importorskip("torch")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "1234\n"


def surroundings(answer: Any = None) -> tuple[Surroundings, list[Event]]:
    emitted: list[Event] = []
    return Surroundings({}, lambda: 1.0, lambda *events: emitted.extend(events), pytest.fail, lambda _: answer or {}), emitted


def test_a_run_has_the_random_state_of_the_beginning_of_its_cell_and_is_said_once_what_it_loaded(packages: Path) -> None:
    around, emitted = surroundings()
    around.cell_begins()
    then = seeds.digests(seeds.states())
    random.random()
    opened = RunOpened(1.0, RUN, "implicit")
    assert around.around([opened]) == [opened, RunRecorded(1.0, RUN, "seeds", then)]
    assert around.loaded_by([RUN]) == []
    around.finish()
    assert [type(each).__name__ for each in emitted] == ["EnvironmentSeen"]
    (told,) = around.loaded_by([RUN])
    assert isinstance(told, RunRecorded) and told.what == "loaded" and "six" in told.items["packages"]
    assert around.loaded_by([RUN]) == []
    closed = RunClosed(1.0, RUN, "finished")
    assert around.around([closed]) == [closed]


def test_what_the_recorder_sees_stands_beside_what_the_kernel_lists(packages: Path) -> None:
    mine = "file:///home/ann/mine"
    around, _ = surroundings({"editable": {mine: {"commit": "3fa9", "is_dirty": True}}, "gpus": [], "limits": {"cpu_limit": 2.0},
                              "git": {"is_dirty": True, "diff": "d"}})  # fmt: skip
    environment = {"prefix": "/", "packages": [{"name": "mine", "url": mine, "editable": True}, {"name": "six"}],
                   "git": {"root": "/", "commit": "aa", "ref": None}}  # fmt: skip
    found = around._seen_by_the_recorder(environment)
    assert found == {"limits": {"cpu_limit": 2.0}, "git": {"root": "/", "commit": "aa", "ref": None, "is_dirty": True, "diff": "d"}}
    assert environment["packages"][0] == {"name": "mine", "url": mine, "editable": True, "commit": "3fa9", "is_dirty": True}


def test_without_a_recorder_that_knows_the_question_it_says_so(packages: Path) -> None:
    def ask(_: dict[str, Any]) -> dict[str, Any]:
        raise OSError("nobody there")

    around = Surroundings({}, lambda: 1.0, print, print, ask)
    assert around._seen_by_the_recorder({"prefix": "/", "packages": []}) == {
        "not_seen": "The recorder did not say what it sees: nobody there"
    }
