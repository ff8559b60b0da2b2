"""What libraries open outside Python, where no audit hook hears of it: their functions that take a path are listened to.

A function is wrapped when its module is first imported, never before: nobody's import is made slower by a library that is not
used. The wrapper tells of the path and calls the function; it changes neither arguments, result nor errors. A folder stands for
the files in it: those that are there when it is read, those that are new in it once it was written.
"""

from __future__ import annotations

import functools
import os
import sys
import time
from typing import Any, Callable, Dict, Iterator, NamedTuple, Optional, Tuple

from .at_import import when_imported
from .file_watch import INPUT, OUTPUT, role_of, tell_opened

MAX_FILES_OF_A_FOLDER = 10_000
CLOCK_SLACK_NS = 50_000_000
"""A file system's time stamps lag the clock by up to a timer tick."""


class Opener(NamedTuple):
    function: str
    """Its name in the module, 'Class.__init__' for a Python class; or a class written in C."""
    position: int
    """Of the path among the positional arguments, `self` counted."""
    keyword: str
    role: str
    """'': as the argument after the path says, `mode`, by default 'r'."""


OPENERS: Dict[str, Tuple[Opener, ...]] = {
    "pyarrow": (
        Opener("OSFile", 0, "path", ""),
        Opener("memory_map", 0, "path", ""),
        Opener("create_memory_map", 0, "path", OUTPUT),
        Opener("input_stream", 0, "source", INPUT),
        Opener("output_stream", 0, "source", OUTPUT),
    ),
    "pyarrow.parquet.core": (
        Opener("ParquetFile.__init__", 1, "source", INPUT),
        Opener("ParquetDataset.__init__", 1, "path_or_paths", INPUT),
        Opener("ParquetWriter.__init__", 1, "where", OUTPUT),
        Opener("read_metadata", 0, "where", INPUT),
        Opener("read_schema", 0, "where", INPUT),
        Opener("write_to_dataset", 1, "root_path", OUTPUT),
    ),
    "pyarrow.feather": (
        Opener("read_feather", 0, "source", INPUT),
        Opener("read_table", 0, "source", INPUT),
        Opener("write_feather", 1, "dest", OUTPUT),
    ),
    "pyarrow.csv": (
        Opener("read_csv", 0, "input_file", INPUT),
        Opener("open_csv", 0, "input_file", INPUT),
        Opener("write_csv", 1, "output_file", OUTPUT),
    ),
    "pyarrow.json": (Opener("read_json", 0, "input_file", INPUT),),
    "pyarrow.orc": (
        Opener("ORCFile.__init__", 1, "source", INPUT),
        Opener("ORCWriter.__init__", 1, "where", OUTPUT),
        Opener("read_table", 0, "source", INPUT),
    ),
    "pyarrow.dataset": (
        Opener("dataset", 0, "source", INPUT),
        Opener("write_dataset", 1, "base_dir", OUTPUT),
    ),
}
"""module -> its functions. What they open together (`pandas.read_parquet`) is told of through them."""


def listen_to_libraries() -> None:
    """From now on, for the life of the process; again does nothing. What is told is for `file_watch.watch_files` to say."""
    for name in OPENERS:
        when_imported(name, _wrap_all)


def _wrap_all(module: Any) -> None:
    for opener in OPENERS[module.__name__]:
        *owners, name = opener.function.split(".")
        owner = functools.reduce(lambda found, each: getattr(found, each, None), owners, module)
        function = getattr(owner, name, None)
        if not callable(function):  # another version of the library may not have it
            continue
        told = _told_class(function, opener) if isinstance(function, type) else _told(function, opener)
        setattr(owner, name, told)
        package = sys.modules.get(module.__name__.rpartition(".")[0])
        if getattr(package, name, None) is function:  # imported before: the package has taken the name over already
            setattr(package, name, told)


def _told(function: Callable[..., Any], opener: Opener) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        is_elsewhere = keywords.get("filesystem") is not None  # its paths are not those of this machine
        path = None if is_elsewhere else _argument(opener.position, opener.keyword, args, keywords)
        role = opener.role or role_of(_argument(opener.position + 1, "mode", args, keywords) or "r", None) or INPUT
        began_ns = time.time_ns() - CLOCK_SLACK_NS
        if role != OUTPUT or not _is_folder(path):
            _tell(path, role)
        result = function(*args, **keywords)
        if role == OUTPUT and _is_folder(path):
            _tell(path, role, began_ns)
        return result

    return call


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

    names = {"__module__": original.__module__, "__qualname__": original.__qualname__, "__doc__": original.__doc__}
    stand_in: type = StandIn(original.__name__, (original,), names)
    return stand_in


def _argument(position: int, keyword: str, args: Tuple[Any, ...], keywords: Dict[str, Any]) -> Any:
    return args[position] if len(args) > position else keywords.get(keyword)


def _tell(path: Any, role: str, since_ns: Optional[int] = None) -> None:
    """Never raises: it stands inside somebody's call. An open file or a URL is nothing to tell of here."""
    try:
        for each in path if isinstance(path, (list, tuple)) else (path,):
            if isinstance(each, (str, bytes, os.PathLike)) and "://" not in os.fsdecode(each):
                for file in _files_of(os.fsdecode(each), since_ns):
                    tell_opened(file, role)
    except Exception:
        return


def _is_folder(path: Any) -> bool:
    try:
        return isinstance(path, (str, bytes, os.PathLike)) and os.path.isdir(path)
    except (OSError, ValueError):
        return False


def _files_of(path: str, since_ns: Optional[int]) -> Iterator[str]:
    """The path itself; for a folder the files below it, at most 10,000, if asked only those that changed since."""
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
