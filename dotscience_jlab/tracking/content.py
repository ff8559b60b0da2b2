"""What a value or a file holds, as plain JSON that two processes can compare: numbers as numbers, large arrays by samples.

Only for confirming a recipe. It stands alone: a kernel without this package is handed its text. Figures, addresses and what
lies in C are named by their type alone.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import sys
from typing import Any, Dict, List

MAX_NODES = 4000
MAX_DEPTH = 8
N_SAMPLES = 512
"""Of an array or a column: its first values, evenly spread ones, its last."""
MAX_TEXT = 20_000
ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}|\b[0-9a-f]{32}\b")
FIGURES = ("matplotlib.", "seaborn.", "plotly.", "PIL.", "ipywidgets.", "IPython.")
PICTURES = (".png", ".jpg", ".jpeg", ".svg", ".pdf", ".gif", ".webp", ".html")


def content(value: Any) -> Any:
    """A tree of dictionaries with `kind`: number, text, items, map, set, array, table, object, code, figure, unseen."""
    return _Reader().read(value, 0)


def content_of_file(path: str) -> Any:
    """By its ending: tables, arrays and models as what they hold; the rest as text or a digest. Loads pickles."""
    lower = path.lower()
    if lower.endswith(PICTURES):
        return {"kind": "figure", "type": lower.rsplit(".", 1)[-1]}
    try:
        return content(_loaded(path, lower))
    except Exception as error:  # any library's own refusal: then the bytes decide
        return {"kind": "unseen", "type": f"{type(error).__name__} while reading it", "digest": _digest_of_file(path)}


def _loaded(path: str, lower: str) -> Any:
    if lower.endswith((".json", ".ipynb")):
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    if lower.endswith((".npy", ".npz")):
        import numpy

        found = numpy.load(path, allow_pickle=True)
        return {name: found[name] for name in found.files} if hasattr(found, "files") else found
    if lower.endswith((".parquet", ".feather")):
        import pandas

        return pandas.read_parquet(path) if lower.endswith(".parquet") else pandas.read_feather(path)
    if lower.endswith((".pkl", ".pickle", ".joblib")):
        if lower.endswith(".joblib") or "joblib" in sys.modules:
            import joblib

            return joblib.load(path)
        import pickle

        with open(path, "rb") as raw:
            return pickle.load(raw)
    if lower.endswith((".pt", ".pth")):
        import torch

        return torch.load(path, map_location="cpu", weights_only=False)
    with open(path, encoding="utf-8") as file:
        return file.read()


def _digest_of_file(path: str) -> str:
    found = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            found.update(piece)
    return found.hexdigest()


class _Reader:
    def __init__(self) -> None:
        self._n = 0
        self._open: List[int] = []

    def read(self, value: Any, depth: int) -> Any:
        self._n += 1
        kind = type(value)
        if value is None or kind is bool:
            return {"kind": "text", "value": repr(value)}
        if kind in (int, float):
            return {"kind": "number", "value": value if kind is int and abs(value) < 2**53 or _is_finite(value) else repr(value)}
        if kind is complex:
            return {"kind": "items", "type": "complex", "n": 2, "items": [self.read(value.real, 9), self.read(value.imag, 9)]}
        if kind is str:
            if len(value) > MAX_TEXT:
                value = hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()
            return {"kind": "text", "value": value}
        if kind in (bytes, bytearray):
            return {"kind": "text", "value": hashlib.sha256(value).hexdigest()}
        name = _type_name(kind)
        if id(value) in self._open or depth > MAX_DEPTH or self._n > MAX_NODES:
            return {"kind": "unseen", "type": name}
        self._open.append(id(value))
        try:
            return self._inside(value, kind, name, depth)
        except Exception as error:  # a library's object in a state of its own
            return {"kind": "unseen", "type": f"{name} ({type(error).__name__})"}
        finally:
            self._open.pop()

    def _inside(self, value: Any, kind: type, name: str, depth: int) -> Any:
        if isinstance(value, type) or callable(value) and hasattr(value, "__code__") or name in ("builtins.module", "module"):
            return {"kind": "code", "type": getattr(value, "__name__", name), "digest": _code_digest(value)}
        if name.startswith(FIGURES):
            return {"kind": "figure", "type": name}
        if name == "numpy.ndarray" or hasattr(value, "__array_interface__") and kind.__module__ == "numpy":
            return self._array(value, depth)
        if kind.__module__ == "numpy" and hasattr(value, "item"):
            return self.read(value.item(), depth)
        if name.startswith("torch.") and hasattr(value, "detach"):
            return self._array(value.detach().cpu().numpy(), depth)
        if name.startswith("pandas.") and hasattr(value, "columns"):
            columns = {str(column): self._array(value.iloc[:, n].to_numpy(), depth) for n, column in enumerate(value.columns)}
            return {"kind": "table", "n": len(value), "columns": columns, "index": self._array(value.index.to_numpy(), depth)}
        if name.startswith("pandas.") and hasattr(value, "to_numpy"):
            return self._array(value.to_numpy(), depth)
        if name.startswith("scipy.sparse") and hasattr(value, "toarray"):
            return self._array(value.tocoo().data, depth)
        if isinstance(value, dict):
            return {"kind": "map", "type": name, "items": {ADDRESS.sub("0x…", repr(key)): self.read(item, depth + 1)
                                                           for key, item in list(value.items())[:N_SAMPLES]}, "n": len(value)}
        if isinstance(value, (set, frozenset)):
            return {"kind": "set", "type": name, "items": sorted(ADDRESS.sub("0x…", repr(each)) for each in value)[:N_SAMPLES]}
        if isinstance(value, (list, tuple, range)) or name == "collections.deque":
            values = list(value)
            shown = _sampled(values)
            return {"kind": "items", "type": name, "n": len(values), "items": [self.read(each, depth + 1) for each in shown]}
        state = getattr(value, "__dict__", None)
        if isinstance(state, dict):
            items = {key: self.read(item, depth + 1) for key, item in list(state.items())[:N_SAMPLES]}
            return {"kind": "object", "type": name, "items": items}
        return {"kind": "unseen", "type": name}

    def _array(self, value: Any, depth: int) -> Dict[str, Any]:
        flat = value.ravel()
        return {"kind": "array", "type": str(value.dtype), "shape": list(value.shape),
                "values": [self.read(each, depth + 1) for each in _sampled(flat.tolist() if flat.size <= 100_000 else flat)]}


def _sampled(values: Any) -> List[Any]:
    n = len(values)
    if n <= N_SAMPLES:
        return list(values)
    step = n // (N_SAMPLES // 2)
    places = sorted({*range(N_SAMPLES // 4), *range(0, n, step), *range(n - N_SAMPLES // 4, n)})
    return [values[place] for place in places]


def _is_finite(value: float) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _type_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _code_digest(value: Any) -> str:
    """Of a function its code, so that line numbers and addresses do not count."""
    code = getattr(value, "__code__", None)
    if code is None:
        return ""
    consts = [each for each in code.co_consts if isinstance(each, (int, float, str))]
    return hashlib.sha256(repr((code.co_code, code.co_names, consts)).encode()).hexdigest()[:16]
