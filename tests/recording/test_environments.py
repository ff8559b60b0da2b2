"""What a recorder adds to an environment, and the lock files that come of it; over real repositories, packages and an index."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from packaging.pylock import Pylock

from dotscience_jlab.errors import InvalidRequest, NotFound
from dotscience_jlab.recording.cleaning import Cleaner
from dotscience_jlab.recording.environments import environment_bytes
from dotscience_jlab.recording.lock_files import conda_explicit, lock_file, pylock, requirements
from dotscience_jlab.recording.machine import conda_list
from dotscience_jlab.recording.resources.limits import limits_of
from dotscience_jlab.store.user_repository import MAX_FILE_BYTES, look_at_repository

from .spool import Bench
from .test_resources import desk_of

ME = {f"GIT_{who}_{what}": "ann@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(folder: Path, *words: str) -> str:
    ran = subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True, env={**os.environ, **ME})
    return ran.stdout


@pytest.fixture
def repository(tmp_path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for name, text in {
        "same.py": "x = 1\n", "changed.py": "a\nb\nc\n", "gone.py": "g\n", "staged.py": "s\n", "run.sh": "#!/bin/sh\n",
        "notes.ipynb": "{}\n", "data.bin": "a\0b", "large.txt": "1\n", "größe.txt": "ö\n", ".env": "TOKEN=abc\n",
    }.items():
        (folder / name).write_text(text)
    os.symlink("same.py", folder / "link")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def change(folder: Path) -> None:
    (folder / "changed.py").write_text("a\nB\nc\n")
    (folder / "gone.py").unlink()
    (folder / "staged.py").write_text("other\n")
    (folder / "new.py").write_text("n\n")
    git(folder, "add", "staged.py", "new.py")
    (folder / "run.sh").chmod(0o755)
    (folder / "notes.ipynb").write_text('{"cells": []}\n')
    (folder / "data.bin").write_bytes(b"a\0c")
    (folder / "large.txt").write_text("2\n" * MAX_FILE_BYTES)
    (folder / "größe.txt").write_text("ü\n")
    (folder / ".env").write_text("TOKEN=another-secret\n")
    (folder / 'odd "name".py').write_text("odd\n")
    (folder / "empty.py").write_text("")
    git(folder, "add", "-N", 'odd "name".py')
    git(folder, "add", "empty.py")
    (folder / "link").unlink()
    os.symlink("changed.py", folder / "link")
    (folder / "untracked.py").write_text("u\n")


def everything_below(folder: Path) -> dict[str, tuple[int, str]]:
    files = [each for each in folder.rglob("*") if each.is_file() and not each.is_symlink()]
    return {str(each): (each.stat().st_mtime_ns, hashlib.sha256(each.read_bytes()).hexdigest()) for each in files}


def test_what_differs_from_the_commit_is_what_git_says_and_applies_to_it(repository, tmp_path):
    change(repository)
    before = everything_below(repository)
    found = look_at_repository(repository, with_diff=True)
    assert everything_below(repository) == before, "no byte and no time of the repository or its files is touched"
    listed = git(repository, "diff", "HEAD", "--name-only", "-z").split("\0")[:-1]
    assert list(found.changed) == sorted(listed, key=os.fsencode) and found.is_dirty
    assert found.commit == git(repository, "rev-parse", "HEAD").strip() and found.ref == "refs/heads/main"
    assert set(found.left_out) == {".env", "notes.ipynb", "data.bin", "large.txt"}
    assert "another-secret" not in found.diff
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(repository), str(clone))
    subprocess.run(["git", "-C", clone, "apply"], input=found.diff.encode(), check=True)
    for name in ("changed.py", "staged.py", "new.py", "same.py", "größe.txt", 'odd "name".py', "empty.py"):
        assert (clone / name).read_bytes() == (repository / name).read_bytes(), name
    assert not (clone / "gone.py").exists() and os.readlink(clone / "link") == "changed.py"
    assert os.access(clone / "run.sh", os.X_OK)


def test_a_large_committed_file_that_became_small_is_named_and_not_read(repository):
    (repository / "large.txt").write_text("2\n" * MAX_FILE_BYTES)
    git(repository, "commit", "-q", "-a", "-m", "large")
    (repository / "large.txt").write_text("small\n")
    found = look_at_repository(repository, with_diff=True)
    assert (found.changed, found.left_out, found.diff) == (("large.txt",), ("large.txt",), "")


def test_a_clean_repository_is_clean_also_when_its_files_were_touched(repository):
    assert not look_at_repository(repository, with_diff=True).is_dirty
    os.utime(repository / "same.py")
    found = look_at_repository(repository, with_diff=True)
    assert (found.is_dirty, found.diff, found.changed, found.problem) == (False, "", (), "")


def test_a_change_within_one_tick_of_the_index_is_seen(repository):
    then = os.stat(repository / "same.py")
    (repository / "same.py").write_text("x = 2\n")
    os.utime(repository / "same.py", ns=(then.st_atime_ns, then.st_mtime_ns))
    os.utime(repository / ".git" / "index", ns=(then.st_atime_ns, then.st_mtime_ns))
    assert look_at_repository(repository, with_diff=False).changed == ("same.py",)


def test_nothing_that_the_repository_names_is_run(repository, tmp_path):
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    program.chmod(0o755)
    for name in ("filter.f.clean", "filter.f.smudge", "core.fsmonitor", "diff.external", "diff.d.textconv"):
        git(repository, "config", name, str(program))
    (repository / ".gitattributes").write_text("* filter=f diff=d\n")
    (repository / "changed.py").write_text("z\n")
    assert "changed.py" in look_at_repository(repository, with_diff=True).changed
    assert not ran.exists()
    git(repository, "status")
    assert ran.exists(), "git itself would have run it"


def test_a_worktree_a_new_and_a_broken_repository_are_read_or_named(repository, tmp_path):
    git(repository, "worktree", "add", "-q", "-b", "try", str(tmp_path / "tree"))
    (tmp_path / "tree" / "same.py").write_text("x = 3\n")
    assert look_at_repository(tmp_path / "tree", with_diff=True).changed == ("same.py",)
    git(tmp_path, "init", "-q", "new")
    assert look_at_repository(tmp_path / "new", with_diff=True).commit == ""
    (repository / ".git" / "index").write_bytes(b"DIRC rubbish")
    assert "cannot be read" in look_at_repository(repository, with_diff=True).problem


# -- limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "files", "found"),
    [
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "1073741824", "a/b/cpu.max": "150000 100000"},
         {"memory_limit_bytes": 1 << 30, "cpu_limit": 1.5}),
        ("0::/\n", {"memory.max": "2048", "cpu.max": "max 100000"}, {"memory_limit_bytes": 2048}),
        ("4:memory:/job\n2:cpu,cpuacct:/job\n", {
            "memory/job/memory.limit_in_bytes": "4096", "memory/memory.limit_in_bytes": "9223372036854771712",
            "cpu/job/cpu.cfs_quota_us": "-1", "cpu/job/cpu.cfs_period_us": "100000"}, {"memory_limit_bytes": 4096}),
        ("", {}, {}),
    ],
)  # fmt: skip
def test_the_tightest_limit_of_a_container_counts(tmp_path, groups, files, found):
    (tmp_path / "proc" / "7").mkdir(parents=True)
    (tmp_path / "proc" / "7" / "cgroup").write_text(groups)
    for name, text in files.items():
        (tmp_path / "cgroup" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cgroup" / name).write_text(text + "\n")
    assert limits_of(7, tmp_path / "proc", tmp_path / "cgroup") == found


# -- lock files --------------------------------------------------------------------------------------

AWS_KEY = "AKIA" + "QYLPMN5HHHFPZAM2"
"""Of the form of one, and nobody's; in two parts, so that no search takes this file for a leak."""
COMMIT = "3fa9c1d2e4b5a6973fa9c1d2e4b5a6973fa9c1d2"
ENVIRONMENT = {
    "python": "3.11.7",
    "platform": "Linux-6",
    "packages": [
        {"name": "mine", "version": "0.1", "url": "file:///home/ann/my%20lib", "editable": True, "commit": COMMIT,
         "is_dirty": True},
        {"name": "tool", "version": "2", "url": "https://example.org/tool", "vcs": "git", "commit": COMMIT, "subdirectory": "py"},
        {"name": "wheel-of", "version": "1", "url": "https://example.org/wheel_of-1-py3-none-any.whl", "hashes": {"sha256": "aa"}},
        {"name": "built", "version": "1", "url": "https://example.org/built-1.tar.gz", "hashes": {"sha256": "bb"}},
        {"name": "folder", "version": "1", "url": "file:///home/ann/folder"},
    ],
}


def test_requirements_name_each_package_by_where_it_came_from():
    plain = {"name": "numpy", "version": "2.1.0"}
    text = requirements({**ENVIRONMENT, "packages": [*ENVIRONMENT["packages"], plain]})
    assert [line for line in text.splitlines() if not line.startswith("# Python")] == [
        "# mine at 3fa9c1d2e4b5, with changes",
        "-e /home/ann/my lib",
        f"tool @ git+https://example.org/tool@{COMMIT}#subdirectory=py",
        "wheel-of @ https://example.org/wheel_of-1-py3-none-any.whl#sha256=aa",
        "built @ https://example.org/built-1.tar.gz#sha256=bb",
        "folder @ file:///home/ann/folder",
        "numpy==2.1.0",
    ]


def test_a_pylock_of_packages_that_say_where_they_came_from_is_one():
    lock = Pylock.from_dict(tomllib.loads(pylock(ENVIRONMENT, None, {})))
    lock.validate()
    found = {each.name: each for each in lock.packages}
    assert found["mine"].directory.path == "/home/ann/my lib" and found["mine"].directory.editable
    assert (found["tool"].vcs.commit_id, found["tool"].vcs.subdirectory) == (COMMIT, "py")
    assert found["wheel-of"].wheels[0].hashes == {"sha256": "aa"} and found["built"].archive.hashes == {"sha256": "bb"}
    assert found["folder"].directory.path == "/home/ann/folder"
    assert "mine" in lock_file(ENVIRONMENT, "pylock", None, lambda *_: None)["sentence"]


@pytest.fixture
def index(tmp_path):
    """A package index of two projects, over HTTP."""
    pages = {
        "numpy": [("numpy-2.1.0-cp311-cp311-linux_x86_64.whl", "aa"), ("numpy-2.1.0.tar.gz", "bb"), ("numpy-2.2.0.tar.gz", "cc")],
        "zope-interface": [("zope.interface-7.0-py3-none-any.whl", "dd")],
    }
    for name, files in pages.items():
        (tmp_path / name).mkdir()
        listed = [{"filename": each, "url": f"../files/{each}", "hashes": {"sha256": digest}, "size": 7} for each, digest in files]
        (tmp_path / name / "index.html").write_text(json.dumps({"files": listed}))

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_what_came_from_an_index_is_looked_up_there_only_if_the_user_names_it(index):
    named = ("numpy", "2.1.0"), ("zope-interface", "7.0"), ("own", "1")
    packages = [{"name": name, "version": version} for name, version in named]
    environment = {"python": "3.11.7", "packages": packages}
    with pytest.raises(InvalidRequest, match="3 packages do not say which file"):
        lock_file(environment, "pylock", None, lambda *_: None)
    text = lock_file(environment, "pylock", index, lambda *_: None)["text"]
    lock = Pylock.from_dict(tomllib.loads(text))
    lock.validate()
    numpy, zope = lock.packages
    assert numpy.wheels[0].url == f"{index}/files/numpy-2.1.0-cp311-cp311-linux_x86_64.whl"
    assert [each.hashes["sha256"] for each in (numpy.sdist, numpy.wheels[0], zope.wheels[0])] == ["bb", "aa", "dd"]
    assert f"# not at {index}, and not in here: own 1" in text
    with pytest.raises(NotFound, match="does not answer"):
        lock_file(environment, "pylock", "http://127.0.0.1:1", lambda *_: None)


def test_condas_list_is_read_off_its_own_files_without_tokens(tmp_path):
    meta = tmp_path / "conda-meta"
    meta.mkdir()
    for name, url in {
        "zlib-1.3-h4": "https://me:secret-word@example.org/t/to-1234-ken/forge/linux-64/zlib-1.3-h4.conda",
        "attrs-24-py": "https://example.org/forge/noarch/attrs-24-py.conda",
    }.items():
        (meta / f"{name}.json").write_text(json.dumps({"url": url, "md5": "ab12", "files": ["x"] * 1000}))
    (meta / "history").write_text("")
    (meta / "broken.json").write_text("{")
    listed = conda_list(tmp_path)
    text = conda_explicit({"python": "3.12", "conda": listed})
    assert text.splitlines()[1:] == [
        "@EXPLICIT", "https://example.org/forge/noarch/attrs-24-py.conda#ab12",
        "https://example.org/forge/linux-64/zlib-1.3-h4.conda#ab12",
    ]  # fmt: skip
    with pytest.raises(NotFound, match="no conda environment"):
        conda_explicit({"packages": []})


def wheel(folder: Path, name: str, version: str, needs: str = "") -> Path:
    """A package of one module, as a wheel."""
    info = f"{name}-{version}.dist-info"
    needed = f"Requires-Dist: {needs}\n" if needs else ""
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in files.items():
            archive.writestr(each, text)
        record = "".join(f"{each},,\n" for each in [*files, f"{info}/RECORD"])
        archive.writestr(f"{info}/RECORD", record)
    return path


LISTED = (
    "import json, os, sys; sys.path[:] = [each for each in sys.path if 'site-packages' not in each] + [sys.argv[1]]\n"
    "from dotscience_jlab.tracking.environment import collect_now\n"
    "print(json.dumps(collect_now({}, '/')))"
)


@pytest.mark.slow(share=0)
def test_requirements_of_what_was_installed_install_the_same(tmp_path):
    """By pip, from a folder of wheels, without a network."""
    shelf = tmp_path / "shelf"
    wheel(shelf, "needed", "1.5")
    wheel(shelf, "needed", "2.0")
    wheel(shelf, "chosen", "1.0", needs="needed")
    direct = wheel(tmp_path / "elsewhere", "direct", "3.1")

    def pip_install(target: Path, *what: str) -> None:
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--find-links", shelf, "--target", target, *what]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})

    def listed(target: Path) -> dict:
        root = Path(__file__).resolve().parents[2]
        command = [sys.executable, "-c", LISTED, str(target)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=root).stdout)

    first, second = tmp_path / "first", tmp_path / "second"
    pip_install(first, "chosen", "needed<2", str(direct))
    environment = listed(first)
    found = {each["name"]: each["version"] for each in environment["packages"]}
    assert found == {"chosen": "1.0", "direct": "3.1", "needed": "1.5"}
    (tmp_path / "requirements.txt").write_text(requirements(environment))
    pip_install(second, "-r", str(tmp_path / "requirements.txt"))
    assert listed(second)["packages"] == environment["packages"]


# -- with a run --------------------------------------------------------------------------------------


def test_a_run_keeps_its_random_state_and_what_was_loaded_apart_from_what_is_installed(tmp_path):
    bench = Bench(tmp_path)
    run = "11111111-1111-4111-8111-111111111111"
    bench.write("environment_seen", environment={"python": "3.11.7", "packages": [{"name": "numpy", "version": "2.1.0"}]})
    for _ in range(2):
        execution = bench.begin("fit()")
        bench.write("run_opened", run=run, opened_by="implicit", execution=execution)
        bench.write("run_recorded", run=run, what="seeds", items={"random": "3fa9", "torch": "7"})
        bench.write("run_recorded", run=run, what="loaded", items={"packages": {"numpy": "2.1.0"}, "threads": {}})
        bench.end(execution)
        bench.recorder.take_in()
        run = run.replace("1", "2")
    asked = {"workspace": bench.store.workspace.id, "run": "1"}
    found = desk_of(bench).answer("environments.of_run", asked, lambda *_: None)
    assert found["seeds"] == {"random": "3fa9", "torch": "7"} and found["loaded"]["packages"] == {"numpy": "2.1.0"}
    first, second = bench.store.index.find_run("1"), bench.store.index.find_run("2")
    assert first.loaded == second.loaded and first.environment == second.environment, "each is stored once"
    assert bench.store.is_named(first.loaded)
    text = desk_of(bench).answer("environments.lock", {**asked, "format": "requirements"}, lambda *_: None)["text"]
    assert "numpy==2.1.0" in text
    with pytest.raises(InvalidRequest, match="kind"):
        desk_of(bench).answer("environments.lock", {**asked, "format": "poetry"}, lambda *_: None)


def test_what_was_installed_in_the_middle_of_a_session_is_in_the_environment_of_the_cells_after_it(tmp_path):
    bench = Bench(tmp_path)
    for version in ("2.1.0", "2.2.0"):
        bench.write("environment_seen", environment={"python": "3.11.7", "packages": [{"name": "numpy", "version": version}]})
        bench.end(bench.begin("fit()"))
    bench.recorder.take_in()
    found = [bench.store.index.execution(each.id).environment for each in bench.store.index.executions().items]
    versions = [json.loads(bench.store.read_blob(each))["packages"][0]["version"] for each in found]
    assert sorted(versions) == ["2.1.0", "2.2.0"]


def test_a_kernel_that_asks_is_told_of_its_repository_and_its_editable_packages(tmp_path, repository):
    bench = Bench(tmp_path)
    (repository / "changed.py").write_text("changed\n")
    url = f"file://{repository}"
    asked = {"pid": os.getpid(), "prefix": str(tmp_path), "repository": str(repository), "editable": [url, "file:///nowhere"]}
    found = desk_of(bench).answer("environments.look", asked, lambda *_: None)
    assert found["git"]["changed"] == ["changed.py"] and "+changed" in found["git"]["diff"]
    assert found["editable"] == {url: {"commit": git(repository, "rev-parse", "HEAD").strip(), "is_dirty": True}}
    assert found["conda"] == []


def test_a_key_in_the_diff_is_replaced_and_no_commit_and_no_hash_is_taken_for_one():
    hashes = [hashlib.new(kind, b"x").hexdigest() for kind in ("md5", "sha1", "sha256")]
    environment = {
        **ENVIRONMENT,
        "git": {"commit": hashes[1], "diff": f"index {hashes[1][:12]}..{hashes[1][20:32]} 100644\n+aws = '{AWS_KEY}'\n"},
        "conda": [f"https://example.org/forge/linux-64/zlib-1.3-h4bc722e_2.conda#{hashes[0]}"],
        "packages": [*ENVIRONMENT["packages"], {"name": "far", "version": "1", "url": "https://example.org/f.whl",
                                                "hashes": {"sha256": hashes[2]}}],
        "gpus": [{"name": "gpu0", "uuid": "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"}],
        "seeds": {"random": hashes[2][:16]},
    }  # fmt: skip
    kept = json.loads(environment_bytes(environment, Cleaner(lambda: b"salt")))
    diff = kept["git"].pop("diff")
    assert AWS_KEY not in diff and "«secret:" in diff and diff.count("\n") == 2
    environment["git"].pop("diff")
    assert kept == environment
