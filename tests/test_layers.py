"""The arrows of ARCHITECTURE.md, read off the imports of every file: a wrong one is seen the day it is drawn."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "dotscience_jlab"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "labextension" not in path.parts)

BASE = {"errors", "settings", "__init__", "_version"}
MAY_IMPORT = {
    "errors": set(),
    "settings": set(),
    "_version": set(),
    "model": {"model", "errors"},
    "link": {"link", "model", *BASE},
    "tracking": {"tracking", "link", "model", *BASE},
    "store": {"store", "model", *BASE},
    "recording": {"recording", "store", "model", *BASE},
    "server": {"server", "recording", "store", "link", "model", *BASE},
    "cli": {"cli", "recording", "store", "link", "model", *BASE},
    "__init__": {"tracking", "server", "link", "model", *BASE},
}
"""layer -> layers it may name. `__init__` is the front door: it hands Jupyter its server extension, lazily."""

MAY_START_BY_NAME = {"cli": {"tracking"}}
"""`ds run` and `ds doctor` start a tracked process: the one place where the command line touches the kernel's side."""

STANDARD_ONLY = {"model", "link", "errors", "settings", "__init__"}

ONLY_IN = {
    "IPython": {"tracking/", "server/", "cli"},
    "detect_secrets": {"recording/secret_kinds.py"},
    "dulwich": {"store/"},
    "pyfastcdc": {"store/chunks.py"},
    "blake3": {"store/chunks.py"},
    "isal": {"store/deflate.py"},
    "nbformat": {"recording/notebook.py", "cli", "server/"},
    "psutil": {"recording/resources/processes.py", "recording/process_tree.py", "recording/inbox.py", "cli"},
    "pynvml": {"recording/resources/gpus.py"},
    "pyarrow": {"recording/", "store/"},
    "tornado": {"server/"},
    "traitlets": {"server/", "tracking/"},
    "jupyter_server": {"server/"},
    "jupyter_client": {"server/", "cli"},
    "click": {"cli"},
    "rich": {"cli"},
    "nbclient": {"cli"},
    "inotify_simple": {"store/watch.py"},
    "filelock": {"store/", "recording/", "link/"},
}
"""third party -> the places it is kept to (path starts relative to the package)."""


def layer_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@cache
def imports_of(path: Path) -> list[tuple[int, str]]:
    """(line, absolute module name) of every import, `from . import x` resolved to `dotscience_jlab.….x`."""
    package = ["dotscience_jlab", *path.relative_to(PACKAGE).parts[:-1]]
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module == "dotscience_jlab":
                found += [(node.lineno, f"{module}.{alias.name}") for alias in node.names]
            else:
                found.append((node.lineno, module))
    return found


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_layer_names_only_the_layers_below_it(path: Path) -> None:
    layer = layer_of(path)
    allowed = MAY_IMPORT[layer] | MAY_START_BY_NAME.get(layer, set())
    wrong = []
    for line, module in imports_of(path):
        head, _, rest = module.partition(".")
        if head != "dotscience_jlab" or not rest:
            continue
        target = rest.split(".")[0]
        if (PACKAGE / target).exists() or (PACKAGE / f"{target}.py").exists():
            if target not in allowed:
                wrong.append(f"{name_of(path)}:{line} imports {module}")
    assert not wrong


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_third_party_stays_in_its_place(path: Path) -> None:
    name = name_of(path)
    wrong = []
    for line, module in imports_of(path):
        head = module.split(".")[0]
        places = ONLY_IN.get(head)
        if places is not None and not any(name.startswith(place) for place in places):
            wrong.append(f"{name}:{line} imports {module}, kept to {', '.join(sorted(places))}")
    assert not wrong


@pytest.mark.parametrize("path", [each for each in FILES if layer_of(each) in STANDARD_ONLY], ids=name_of)
def test_words_and_wire_need_the_standard_library_alone(path: Path) -> None:
    strangers = [
        f"{name_of(path)}:{line} imports {module}"
        for line, module in imports_of(path)
        if module.split(".")[0] not in sys.stdlib_module_names | {"dotscience_jlab", "__future__"}
        and not (layer_of(path) == "__init__" and module.split(".")[0] == "IPython")
    ]
    assert not strangers


@pytest.mark.parametrize("path", [each for each in FILES if layer_of(each) == "model"], ids=name_of)
def test_the_words_touch_neither_disk_nor_environment(path: Path) -> None:
    """Type names such as Path are fine; what acts is not."""
    acting = {"subprocess", "socket", "tempfile", "shutil", "threading", "asyncio"}
    assert not [f"{name_of(path)}:{line} imports {module}" for line, module in imports_of(path) if module in acting]


def test_only_settings_reads_the_environment() -> None:
    """os.environ and os.getenv elsewhere would be a second reader; a child's environment is built from a copy."""
    wrong = []
    for path in FILES:
        if layer_of(path) in {"settings", "tracking"}:
            continue  # tracking records the environment, by allow-list, and finds values to hide: that is its work
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            reads = (
                isinstance(node, ast.Attribute) and node.attr == "getenv"
                or isinstance(node, ast.Subscript)
                and isinstance(node.ctx, ast.Load)
                and ast.unparse(node.value) == "os.environ"
            )
            if reads:
                wrong.append(f"{name_of(path)}:{node.lineno}")
    assert not wrong


def test_a_kernel_starts_without_what_is_slow_to_load() -> None:
    """Each of these is a tenth of the 30 ms that a kernel may start later for us; ipykernel may bring them, we do not."""
    slow = {"uuid", "subprocess", "hashlib", "getpass", "tempfile", "importlib.abc", "multiprocessing", "asyncio", "inspect"}
    code = (
        "import sys, IPython; before = set(sys.modules); import dotscience_jlab.tracking.ipython; "
        f"print(sorted({slow!r} & (sys.modules.keys() - before)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_recorder_starts_without_what_is_slow_to_load() -> None:
    """The first cell of the day waits for it. nbformat brings a grammar that is compiled at import, for two seconds."""
    slow = {"jsonschema", "lark", "nbformat", "numpy", "pyarrow"}
    code = f"import sys, dotscience_jlab.recording.process; print(sorted({slow!r} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_there_is_something_to_check() -> None:
    assert {layer_of(path) for path in FILES} >= {"model", "store", "recording", "errors", "settings"}
