"""Loads tracking into a kernel by one silent request, for kernels whose environment does not do it by itself.

The request has no code of its own, only an expression to evaluate: it leaves no name, no output and no history behind,
fires no cell hook, and an error in it is part of the answer instead of a traceback on somebody's screen.
"""

from __future__ import annotations

import ast
import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOAD_TIMEOUT_S = 90.0
"""From the start of the process: a cold disk and a large environment take long."""

STARTUP_FILE = Path("etc", "ipython", "startup", "50-dotscience.py")

_SOURCE = """
def load(folder):
    import sys
    from IPython import get_ipython
    shell = get_ipython()
    try:
        import dotscience_jlab as package
    except ImportError:
        if folder not in sys.path:
            sys.path.append(folder)
        import dotscience_jlab as package
    package.load_ipython_extension(shell)
    return shell.execution_count - 1
"""


@dataclass(frozen=True)
class Loaded:
    """How loading went. `reason`: why capture is not complete, in a sentence; '' when all is well."""

    reason: str = ""
    n_unheard: int | None = 0
    """Cells from the kernel's start that it cannot report; None: every one."""


def loads_by_itself(argv: list[str], prefix: str = sys.prefix) -> bool:
    """Whether this kernel's Python is ours and our start-up file is there: then IPython loads it before anything else.

    Links are not followed: the `python` of a virtual environment is a link out of it.
    """
    if not argv or not (Path(prefix) / STARTUP_FILE).is_file():
        return False
    python = Path(argv[0])
    return not python.is_absolute() or python.parent == Path(sys.executable).parent


def request_expression(folder: Path) -> str:
    """One expression, since a request evaluates expressions without a trace. Its value: cells that ran before it."""
    return f"(lambda names: (exec({_SOURCE!r}, names), names['load']({str(folder)!r}))[1])({{}})"


async def load_tracking(manager: Any, folder: Path, timeout_s: float = LOAD_TIMEOUT_S) -> Loaded:
    """Ask the kernel of `manager`, and wait for its answer. Never raises but when cancelled."""
    try:
        client = own_client(manager)
        client.start_channels(shell=True, iopub=False, stdin=False, hb=False, control=False)
    except Exception as error:  # a gateway's or a third party's manager may do anything here
        return Loaded(f"Recording could not be loaded into this kernel ({type(error).__name__}: {error}).", None)
    try:
        number = client.execute(
            "", silent=True, store_history=False, allow_stdin=False, stop_on_error=False,
            user_expressions={"dotscience": request_expression(folder)},
        )
        return _read_reply(await asyncio.wait_for(_reply_to(client, number), timeout_s))
    except TimeoutError:
        return Loaded(f"The kernel did not answer within {timeout_s:g} s, so recording was not loaded into it.", None)
    except Exception as error:
        return Loaded(f"Recording could not be loaded into this kernel ({type(error).__name__}: {error}).", None)
    finally:
        client.stop_channels()


def own_client(manager: Any) -> Any:
    """A client with a session id of its own. Jupyter gives all clients of one manager the same, which is also their address
    at the kernel, and the kernel answers only the first of several that share an address.
    """
    theirs = manager.session
    return manager.client(session=type(theirs)(key=theirs.key, signature_scheme=theirs.signature_scheme))


async def _reply_to(client: Any, number: str) -> dict[str, Any]:
    while True:
        reply = await client.get_shell_msg(timeout=None)
        if reply["parent_header"].get("msg_id") == number:
            return reply["content"]


def _read_reply(content: dict[str, Any]) -> Loaded:
    outcome = (content.get("user_expressions") or {}).get("dotscience")
    if not isinstance(outcome, dict):
        return Loaded("This kernel does not let recording be loaded into it.", None)
    if outcome.get("status") != "ok":
        what = f"{outcome.get('ename', 'error')}: {outcome.get('evalue', '')}"
        return Loaded(f"Recording could not be loaded into this kernel ({what}).", None)
    try:
        n_before = int(ast.literal_eval(outcome["data"]["text/plain"]))
    except (KeyError, ValueError, SyntaxError):
        return Loaded()
    if n_before <= 0:
        return Loaded()
    what = "1 cell" if n_before == 1 else f"{n_before} cells"
    return Loaded(f"{what} ran before recording was loaded into this kernel.", n_before)
