"""xgboost and lightgbm: data and models by the path of a file."""

from __future__ import annotations

import os
from typing import Any, Dict, Tuple

from .opener import INPUT, OUTPUT, Found, Opener, argument


def _data(args: Tuple[Any, ...], keywords: Dict[str, Any]) -> Found:
    """'a.csv?format=csv&label_column=0#cache' -> 'a.csv'"""
    data = argument(1, "data", args, keywords)
    if not isinstance(data, (str, os.PathLike)):
        return ()
    return ((os.fspath(data).partition("?")[0].partition("#")[0], INPUT),)


OPENERS: Dict[str, Tuple[Opener, ...]] = {
    "xgboost.core": (
        Opener("DMatrix.__init__", 1, "data", INPUT, _data),
        Opener("DMatrix.save_binary", 1, "fname", OUTPUT),
        Opener("Booster.load_model", 1, "fname", INPUT),
        Opener("Booster.save_model", 1, "fname", OUTPUT),
    ),
    "lightgbm.basic": (
        Opener("Dataset.__init__", 1, "data", INPUT),
        Opener("Dataset.save_binary", 1, "filename", OUTPUT),
        Opener("Booster.__init__", 3, "model_file", INPUT),
        Opener("Booster.save_model", 1, "filename", OUTPUT),
        Opener("Booster.predict", 1, "data", INPUT),
    ),
}
