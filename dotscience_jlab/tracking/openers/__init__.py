"""What libraries open outside Python, where no audit hook hears of it: their functions that take a path are listened to.

A function is wrapped when its module is first imported, never before: nobody's import is made slower by a library that is not
used, and a family's file here is read only then. The wrapper tells of the path and calls the function; it changes neither
arguments, result nor errors. A folder stands for the files in it: those that are there when it is read, those that are new in it
once it was written.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import time
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

from ..at_import import when_imported
from ..file_watch import INPUT, OUTPUT, role_of, tell_opened, tell_remote
from .opener import Found, Opener, argument

MAX_FILES_OF_A_FOLDER = 10_000
CLOCK_SLACK_NS = 50_000_000
"""A file system's time stamps lag the clock by up to a timer tick."""

FAMILIES: Dict[str, str] = {
    **dict.fromkeys(("pyarrow", "pyarrow.parquet.core", "pyarrow.feather", "pyarrow.csv", "pyarrow.json", "pyarrow.orc",
                     "pyarrow.dataset"), "arrow"),
    **dict.fromkeys(("polars.io.csv.functions", "polars.io.parquet.functions", "polars.io.ipc.functions", "polars.io.ndjson",
                     "polars.io.json.read", "polars.io.avro", "polars.io.lines", "polars.io.delta.functions",
                     "polars.dataframe.frame", "polars.lazyframe.frame"), "polars_"),
    "sqlite3.dbapi2": "sqlite",
    "h5py._hl.files": "hdf5",
    "duckdb": "duckdb_",
    **dict.fromkeys(("torch", "torch.serialization", "torch.jit._serialization"), "torch_"),
    "safetensors._safetensors_rust": "safetensors_",
    "tokenizers": "tokenizers_",
    "cv2": "opencv",
    **dict.fromkeys(("xgboost.core", "lightgbm.basic"), "boosting"),
}  # fmt: skip
"""module of a library -> the file here that says, in its `OPENERS`, which of its functions open what."""


def listen_to_libraries() -> None:
    """From now on, for the life of the process; again does nothing. What is told is for `file_watch.watch_files` to say."""
    for name in FAMILIES:
        when_imported(name, _wrap_all)


def _wrap_all(module: Any) -> None:
    """What cannot be wrapped is left to the scan."""
    family = importlib.import_module(f".{FAMILIES[module.__name__]}", __name__)
    for opener in family.OPENERS[module.__name__]:
        _wrap(module, opener)


def _wrap(module: Any, opener: Opener) -> None:
    *owners, name = opener.function.split(".")
    owner = functools.reduce(lambda found, each: getattr(found, each, None), owners, module)
    function = getattr(owner, name, None)
    if not callable(function):  # another version of the library may not have it
        return
    told: Any = _told_class(function, opener) if isinstance(function, type) else _told(function, opener)
    if owners and isinstance(vars(owner).get(name), staticmethod):
        told = staticmethod(told)
    try:
        setattr(owner, name, told)
    except (AttributeError, TypeError):  # a class of C code that takes nothing new
        return
    package = sys.modules.get(module.__name__.rpartition(".")[0])
    if getattr(package, name, None) is function:  # imported before: the package has taken the name over already
        setattr(package, name, told)


def _told(function: Callable[..., Any], opener: Opener) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        began_ns = time.time_ns() - CLOCK_SLACK_NS
        folders = [path for path, role in _found(opener, args, keywords) if _tell(path, role)]
        result = function(*args, **keywords)
        for path in folders:
            _tell(path, OUTPUT, began_ns)
        _look_after(opener, result)
        return result

    return call


def _look_after(opener: Opener, result: Any) -> None:
    try:
        if opener.after is not None:
            opener.after(result)
    except Exception:  # inside somebody's call
        return


def _found(opener: Opener, args: Tuple[Any, ...], keywords: Dict[str, Any]) -> Found:
    """What the call opens. Never raises: it stands inside somebody's call."""
    try:
        if opener.find is not None:
            return opener.find(args, keywords)
        path = argument(opener.position, opener.keyword, args, keywords)
        if keywords.get("filesystem") is not None:  # its paths are not those of this machine
            path = _elsewhere(path, keywords["filesystem"])
        role = opener.role or role_of(argument(opener.position + 1, "mode", args, keywords) or "r", None) or INPUT
        return ((path, role),)
    except Exception:
        return ()


def _elsewhere(path: Any, filesystem: Any) -> Any:
    """('data/a.parquet', an S3FileSystem of pyarrow) -> 's3://data/a.parquet'; None for what Python opens: it is heard there."""
    kind = getattr(filesystem, "type_name", "")
    paths = [f"{kind}://{each}" for each in (path if isinstance(path, (list, tuple)) else [path]) if isinstance(each, str)]
    return paths if kind in ("s3", "gcs", "abfs") else None


def _told_class(original: type, opener: Opener) -> type:
    """A class written in C takes no other `__init__`: a stand-in for it, which makes instances of the original."""
    make = _told(original, opener)

    class StandIn(type(original)):  # type: ignore[misc]
        def __call__(cls, *args: Any, **keywords: Any) -> Any:
            return make(*args, **keywords) if cls is stand_in else super().__call__(*args, **keywords)

        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, original) if cls is stand_in else super().__instancecheck__(instance)

        def __subclasscheck__(cls, subclass: type) -> bool:
            return issubclass(subclass, original) if cls is stand_in else super().__subclasscheck__(subclass)

        def __getattr__(cls, name: str) -> Any:
            return getattr(original, name)

    names = {"__module__": original.__module__, "__qualname__": original.__qualname__, "__doc__": original.__doc__}
    try:
        stand_in: type = StandIn(original.__name__, (original,), names)
    except TypeError:  # it allows no subclass
        stand_in = StandIn(original.__name__, (), names)
    return stand_in


def _tell(path: Any, role: str, since_ns: Optional[int] = None) -> bool:
    """True: a folder that is written, or may become one, is to be told of afterwards. An open file is nothing to tell of
    here. Never raises."""
    try:
        for each in path if isinstance(path, (list, tuple)) else (path,):
            if isinstance(each, str) and "://" in each:
                if since_ns is None:
                    _tell_remote(each, role)
            elif isinstance(each, (str, bytes, os.PathLike)):
                if role == OUTPUT and since_ns is None and os.path.isdir(each):
                    return True
                for file in _files_of(os.fsdecode(each), since_ns):
                    tell_opened(file, role)
        return role == OUTPUT and since_ns is None and isinstance(path, (str, os.PathLike)) and not os.path.exists(path)
    except Exception:
        return False


def _tell_remote(url: str, role: str) -> None:
    """What a library fetches itself, outside Python: nobody hears the answer, so its version is not known."""
    from ..remote import named_url  # late: few read so

    named = named_url(url)
    if named is not None:
        tell_remote(named, role, {})


def _files_of(path: str, since_ns: Optional[int]) -> Iterator[str]:
    """The path itself; the files that a pattern names; for a folder the files below it, if asked only those that changed since. At
    most 10,000."""
    if any(sign in path for sign in "*?[") and not os.path.exists(path):
        import glob  # late: few patterns are read

        for number, each in enumerate(glob.iglob(path, recursive=True)):
            if number < MAX_FILES_OF_A_FOLDER and os.path.isfile(each):
                yield each
        return
    if not os.path.isdir(path):
        yield path
        return
    n_files = 0
    for folder, _folders, names in os.walk(path):
        for name in names:
            file = os.path.join(folder, name)
            if since_ns is None or os.stat(file).st_mtime_ns >= since_ns:
                yield file
            n_files += 1
            if n_files >= MAX_FILES_OF_A_FOLDER:
                return
