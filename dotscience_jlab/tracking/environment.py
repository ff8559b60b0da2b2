"""What a session runs in: Python, packages, machine, allowed variables, the commit of the user's own repository.

Everything is read from folder names and small files: no package is imported, no process is started. `collect` is a generator
that pauses after each small step, so that a background thread can sleep there instead of holding the interpreter.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Set

ALLOWED_VARIABLES = (
    "CONDA_DEFAULT_ENV", "CONDA_PREFIX", "CUDA_VISIBLE_DEVICES", "CUBLAS_WORKSPACE_CONFIG", "HIP_VISIBLE_DEVICES", "LANG",
    "LC_ALL", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "PYTHONHASHSEED",
    "PYTHONPATH", "TF_DETERMINISTIC_OPS", "TOKENIZERS_PARALLELISM", "TZ", "VIRTUAL_ENV", "XLA_FLAGS",
)
"""Never the whole environment: tokens live there."""

RECORD_BYTES = 4096
CPUINFO_BYTES = 2048

_DIST = re.compile(r"^(?P<name>.+?)-(?P<version>[^-]+)\.(?:dist|egg)-info$")


def collect(
    environ: Mapping[str, str], cwd: str, owners: Optional[Dict[str, str]] = None
) -> Iterator[Optional[Dict[str, Any]]]:
    """Yields None at every pause, and in the end the environment as plain JSON:

    {python, implementation, executable, prefix, platform, os?, libc?, cpu?, machine, n_cpus, memory_bytes, argv,
     variables: {name: text}, git: {root, commit, ref}?, packages: [{name, version, editable?, vcs?, commit?, url?}] by name}

    owners: is filled with name of a top module -> name of the package it came with.
    """
    import platform  # late: in the background thread

    environment: Dict[str, Any] = {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "prefix": sys.prefix,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "n_cpus": os.cpu_count(),
        "memory_bytes": _memory_bytes(),
        "argv": list(sys.argv),
        "variables": {name: environ[name] for name in ALLOWED_VARIABLES if name in environ},
        **{name: text for name, text in (("os", _os_name()), ("libc", _libc()), ("cpu", _cpu_model())) if text},
    }
    yield None
    owned: Dict[str, str] = {} if owners is None else owners
    git = git_state(cwd)
    if git is not None:
        environment["git"] = git
    yield None
    packages: Dict[str, Dict[str, Any]] = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        yield None
        for number, name in enumerate(names):
            match = _DIST.match(name)
            if match is None:
                continue
            key = re.sub(r"[-_.]+", "-", match["name"]).lower()
            if key not in packages:  # the first on the path is the one that is imported
                info = Path(folder or ".") / name
                packages[key] = {"name": key, "version": match["version"], **_direct_url(info)}
                for module in _modules_of(info):
                    owned.setdefault(module, key)
                owned.setdefault(key.replace("-", "_"), key)
            if number % 10 == 0:
                yield None
    environment["packages"] = [packages[name] for name in sorted(packages)]
    yield environment


def collect_now(environ: Mapping[str, str], cwd: str, owners: Optional[Dict[str, str]] = None) -> Dict[str, Any]:
    """All at once: some milliseconds."""
    found = list(collect(environ, cwd, owners))[-1]
    assert found is not None
    return found


def packages_stamp() -> "tuple[int, ...]":
    """Changes when something was installed or removed: modification times of the folders on `sys.path`."""
    stamps: List[int] = []
    for folder in sys.path:
        try:
            stamps.append(os.stat(folder).st_mtime_ns if folder.endswith("-packages") else 0)
        except OSError:
            stamps.append(0)
    return tuple(stamps)


def git_state(cwd: str) -> Optional[Dict[str, Optional[str]]]:
    """{'root', 'commit', 'ref'} of the repository around `cwd`, by reading its files; None outside one."""
    folder = os.path.abspath(cwd)
    while True:
        dot_git = os.path.join(folder, ".git")
        if os.path.exists(dot_git):
            break
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    try:
        git_dir = dot_git
        if os.path.isfile(dot_git):
            git_dir = os.path.join(folder, _read(dot_git).partition("gitdir:")[2].strip())
        head = _read(os.path.join(git_dir, "HEAD")).strip()
        if not head.startswith("ref: "):
            return {"root": folder, "commit": head, "ref": None}
        ref = head[5:]
        shared = os.path.join(git_dir, "commondir")
        common = os.path.join(git_dir, _read(shared).strip()) if os.path.exists(shared) else git_dir
        return {"root": folder, "commit": _read_ref(common, ref), "ref": ref}
    except OSError:
        return None


def _read_ref(git_dir: str, ref: str) -> Optional[str]:
    try:
        return _read(os.path.join(git_dir, ref)).strip()
    except OSError:
        pass
    try:
        packed = _read(os.path.join(git_dir, "packed-refs"))
    except OSError:
        return None
    for line in packed.splitlines():
        commit, _, name = line.partition(" ")
        if name == ref:
            return commit
    return None


def _modules_of(dist_info: Path) -> Set[str]:
    """Names of its top modules, as far as they are easily told: `top_level.txt`, else the first files of its RECORD."""
    try:
        return set((dist_info / "top_level.txt").read_text(encoding="utf-8").split())
    except (OSError, ValueError):
        pass
    try:
        with open(dist_info / "RECORD", "rb") as file:
            lines = file.read(RECORD_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return set()
    tops = (line.partition(",")[0].partition("/")[0].partition(".py")[0] for line in lines)
    return {top for top in tops if top.isidentifier()}


def _os_name() -> str:
    """'Debian GNU/Linux 12 (bookworm)'; '' where no file says it."""
    try:
        found = re.search(r'^PRETTY_NAME="?([^"\n]*)', _read("/etc/os-release"), re.M)
    except OSError:
        return ""
    return found[1] if found else ""


def _libc() -> str:
    """'glibc 2.36'"""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        return ""


def _cpu_model() -> str:
    """The first core's, by its first lines: the rest of that file takes Linux a while on a large machine."""
    try:
        with open("/proc/cpuinfo", "rb", buffering=0) as file:
            text = file.read(CPUINFO_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    found = re.search(r"^(?:model name|Hardware|cpu)\s*:\s*(.+)$", text, re.M)
    return found[1].strip() if found else ""


def _direct_url(dist_info: Path) -> Dict[str, Any]:
    """What `direct_url.json` says about a package that came from no index (PEP 610). Credentials in a URL are left out."""
    try:
        body = json.loads((dist_info / "direct_url.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    found: Dict[str, Any] = {"url": re.sub(r"//[^/@]*@", "//", str(body.get("url", "")))}
    if (body.get("dir_info") or {}).get("editable"):
        found["editable"] = True
    if body.get("vcs_info"):
        found["vcs"] = body["vcs_info"].get("vcs")
        found["commit"] = body["vcs_info"].get("commit_id")
    hashes = (body.get("archive_info") or {}).get("hashes")
    if isinstance(hashes, dict):
        found["hashes"] = {str(kind): str(value) for kind, value in hashes.items()}
    if body.get("subdirectory"):
        found["subdirectory"] = str(body["subdirectory"])
    return found


def _memory_bytes() -> Optional[int]:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
