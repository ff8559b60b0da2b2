"""Which generators of random numbers a cell seeds before anything could draw from them: what they were before does not matter."""

from __future__ import annotations

import ast

from ..model.hidden_state import RANDOM
from .magic_lines import plain_python

PYTHON, NUMPY, TORCH = RANDOM
SEEDS = {
    "random.seed": (PYTHON,), "np.random.seed": (NUMPY,), "numpy.random.seed": (NUMPY,), "torch.manual_seed": (TORCH,),
    "keras.utils.set_random_seed": RANDOM, "set_random_seed": RANDOM, "seed_everything": RANDOM, "pl.seed_everything": RANDOM,
    "L.seed_everything": RANDOM, "lightning.seed_everything": RANDOM, "transformers.set_seed": RANDOM, "set_seed": RANDOM,
    "tf.keras.utils.set_random_seed": RANDOM,
}
_QUIET = (ast.Import, ast.ImportFrom, ast.Pass, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def seeded_first(source: str) -> frozenset[str]:
    """'import numpy as np\\nn = 3\\nnp.random.seed(n)\\nx = np.random.rand(n)' -> {'<numpy.random>'}

    Only with arguments, since without them a seed is taken from the system; only at the top level; only behind what calls nothing.
    """
    try:
        body = ast.parse(plain_python(source)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found: set[str] = set()
    for statement in body:
        seed = _seed_in(statement)
        if seed is not None:
            found.update(seed)
        elif not isinstance(statement, _QUIET) and any(isinstance(each, (ast.Call, ast.Await)) for each in ast.walk(statement)):
            break
    return frozenset(found)


def _seed_in(statement: ast.stmt) -> tuple[str, ...] | None:
    call = statement.value if isinstance(statement, (ast.Expr, ast.Assign)) else None
    if not isinstance(call, ast.Call) or not (call.args or call.keywords):
        return None
    if any(isinstance(each, ast.Call) for part in (*call.args, *call.keywords) for each in ast.walk(part)):
        return None
    return SEEDS.get(ast.unparse(call.func))
