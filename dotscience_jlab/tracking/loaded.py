"""What a run had loaded when it ended: distributions by the modules in memory, libraries that compute, and how many threads.

Nothing is imported for it. Which module is whose is known once the background thread has listed what is installed.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any, Dict, List, Mapping, Optional, Set

_LIBRARIES = (
    r"openblas|mkl_rt|mkl_core|\bblis|libcblas|libblas|liblapack|atlas|lib[gio]*omp\b|libomp|libtbb|cudart|cudnn|cublas|libnccl|libcuda\b"
)
"""File names of what decides how numbers come out: BLAS, threads, CUDA."""
EXTENSION_ENDS = (".so", ".pyd", ".dylib")
OF_A_POOL = ("user_api", "internal_api", "num_threads", "version", "threading_layer", "architecture")
THREAD_VARIABLES = (
    "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS", "VECLIB_MAXIMUM_THREADS",
)


class Loaded:
    """One process's. `now` costs 0.1 ms, 1 ms after something was imported, and 5 ms the first time."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._owners: Dict[str, str] = {}
        self._installed: Dict[str, str] = {}
        self._seen: Dict[str, str] = {}
        """distribution -> its version when it was first seen in memory: what is installed later is not what is loaded."""
        self._modules: Set[str] = set()
        """Names of those in memory that were looked at."""
        self._libraries: List[str] = []
        self._pools: List[Dict[str, Any]] = []
        self._is_behind = True

    def know(self, owners: Mapping[str, str], packages: List[Mapping[str, Any]]) -> None:
        """owners: name of a top module -> the distribution it came with. packages: as in the environment."""
        self._owners = dict(owners)
        self._installed = {str(each["name"]): str(each["version"]) for each in packages}
        self._modules = set()

    def now(self) -> Optional[Dict[str, Any]]:
        """{packages: {name: version}, libraries: [file name], pools?: […], cuda?, threads: {…}}; None: not listed yet."""
        if not self._owners:
            return None
        self._look_at_modules()
        if not self._libraries:
            self._libraries = computing_libraries(_maps())
        threads: Dict[str, Any] = {name: self._environ[name] for name in THREAD_VARIABLES if name in self._environ}
        torch = sys.modules.get("torch")
        if torch is not None:
            try:
                threads["torch"] = int(torch.get_num_threads())
            except Exception:  # half imported
                pass
        found: Dict[str, Any] = {"packages": dict(sorted(self._seen.items())), "libraries": self._libraries, "threads": threads}
        if self._pools:
            found["pools"] = self._pools
        cuda = getattr(sys.modules.get("torch.version"), "cuda", None)
        return {**found, "cuda": str(cuda)} if cuda else found

    @property
    def is_behind(self) -> bool:
        """Something compiled was loaded since `look_at_libraries`, which would say something new."""
        self._look_at_modules()
        return self._is_behind

    def look_at_libraries(self) -> None:
        """For a thread in the background: the map of the memory takes 5 ms, threadpoolctl 20 ms the first time."""
        self._is_behind = False
        self._libraries = computing_libraries(_maps())
        control = sys.modules.get("threadpoolctl")
        if control is not None:
            try:
                found = control.threadpool_info()
                self._pools = [{name: each[name] for name in OF_A_POOL if name in each} for each in found]
            except Exception:  # the user's library, of whatever version
                self._pools = []

    def _look_at_modules(self) -> None:
        if len(sys.modules) == len(self._modules):
            return
        names = set(sys.modules)
        new, self._modules = names - self._modules, names
        for top in {name.partition(".")[0] for name in new}:
            owner = self._owners.get(top)
            if owner is not None and owner in self._installed:
                self._seen.setdefault(owner, self._installed[owner])
        self._is_behind = self._is_behind or any(map(_is_compiled, new))  # nothing else brings libraries


def _is_compiled(name: str) -> bool:
    file = getattr(sys.modules.get(name), "__dict__", {}).get("__file__")
    return isinstance(file, str) and file.endswith(EXTENSION_ENDS)


def computing_libraries(maps: bytes) -> List[str]:
    """b'…  /usr/lib/libopenblas.so.0\\n' -> ['libopenblas.so.0']: of a text like /proc/self/maps."""
    names = {line[line.rfind(b"/") + 1 :] for line in maps.split(b"\n") if b"/" in line}
    return sorted(name for name in map(os.fsdecode, names) if ".so" in name and re.search(_LIBRARIES, name))


def _maps() -> bytes:
    try:
        with open("/proc/self/maps", "rb") as file:
            return file.read()
    except OSError:
        return b""
