"""`ds run`: a script or a whole notebook under tracking, without a browser; what is recorded is the same.

A notebook is left as it is on disk unless `--inplace` or `--output` says otherwise, as with `jupyter execute`; its outputs
are in the history either way, and shown here as they come.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Iterator

import click

from ..errors import DotscienceError, InvalidRequest, NotFound
from ..link.client import connect
from ..recording.kernels import script_id
from ..settings import load_settings
from .errors import FAILED
from .history import output_text
from .printing import duration, print_json
from .progress import shown_progress

SCRIPT_RUNNER = "dotscience_jlab.tracking.script"
"""Run by name in the child: it loads the hooks, then runs the script as `__main__`."""


@dataclass(frozen=True)
class Ending:
    """How `ds run` ended; what `--json` prints."""

    disk_path: str
    kind: str
    """script | notebook"""
    exit_code: int
    duration_s: float
    n_cells: int | None = None
    n_executed: int | None = None
    error: str = ""


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--inplace", is_flag=True, help="Write a notebook's outputs into its file.")
@click.option("-o", "--output", type=click.Path(dir_okay=False), help="Write the executed notebook to this file.")
@click.option("--allow-errors", is_flag=True, help="Go on after a cell that fails.")
@click.option("--kernel", "kernel_name", help="A kernel other than the notebook's own.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(0), help="Seconds a cell may take (default: no limit).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program; what is printed goes to standard error.")
@click.argument("file", type=click.Path())
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run(ctx: click.Context, file: str, args: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Run FILE, a script (.py) or a notebook (.ipynb), and record it. ARGS go to the script."""
    ctx.meta["dotscience.json"] = as_json
    path = Path(os.path.abspath(file))
    if not path.is_file():
        raise NotFound(f"There is no file {file}.", "Give the path of a .py or an .ipynb file.")
    if path.suffix == ".ipynb":
        if args:
            raise InvalidRequest("A notebook takes no arguments.", "Options stand before its name.")
        ending = run_notebook(path, as_json=as_json, **options)
    elif any(options.values()):
        raise InvalidRequest("--inplace, --output, --allow-errors, --kernel and --timeout are for notebooks.")
    else:
        ending = run_script(path, args, as_json=as_json)
    if as_json:
        print_json(asdict(ending))
    ctx.exit(ending.exit_code)


def run_script(path: Path, args: tuple[str, ...], *, as_json: bool) -> Ending:
    """Ends with the script's own exit code. Its standard streams are this terminal's; Ctrl-C is the script's to answer."""
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", SCRIPT_RUNNER, str(path), *args],
        env={**os.environ, "DOTSCIENCE_SCRIPT": str(path)},
        stdout=sys.stderr.fileno() if as_json else None,
    )
    while True:
        try:
            code = child.wait()
        except KeyboardInterrupt:
            continue
        tell_end(child.pid, code)
        return Ending(str(path), "script", code if code >= 0 else 128 - code, time.monotonic() - began)


def tell_end(pid: int, exit_status: int) -> None:
    """Only its parent learns for sure how a process ended. A recorder that is not there, or gone, knows nothing of it either."""
    if exit_status == 0:
        return
    try:
        with connect(load_settings(), "cli") as link:
            link.request("kernels.report", {"kernel_id": script_id(pid), "event": "died", "exit_status": exit_status, "pid": pid})
    except DotscienceError:
        return


def run_notebook(path: Path, *, inplace: bool, output: str | None, allow_errors: bool, kernel_name: str | None,
                 timeout_s: float | None, as_json: bool) -> Ending:
    """Ends with 1 if a cell failed. The executed document is written also then, as far as it came."""
    import nbformat  # late: half a second that other commands need not spend
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat raises a dozen kinds for a file that is no notebook
        raise InvalidRequest(f"{path.name} is not a notebook that can be read: {error}.") from error
    n_cells = sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in notebook.cells)
    target = path if inplace else Path(output) if output else None
    began, n_executed, failure = time.monotonic(), 0, ""
    with shown_progress(path.name, is_wanted=True) as progress:

        def executed(cell: Any, **_: Any) -> None:
            nonlocal n_executed
            n_executed += 1
            for text in texts_of(cell):
                click.echo(text, nl=not text.endswith("\n"), err=as_json)
            if progress is not None:
                progress(n_executed, n_cells, "")

        client = NotebookClient(
            notebook, timeout=timeout_s, allow_errors=allow_errors, on_cell_executed=executed,
            resources={"metadata": {"path": str(path.parent)}}, **({"kernel_name": kernel_name} if kernel_name else {}),
        )
        try:
            client.execute(env={**os.environ, "DOTSCIENCE_NOTEBOOK": str(path)})
        except CellExecutionError as error:
            failure = f"{error.ename}: {error.evalue}"
        except (CellTimeoutError, DeadKernelError) as error:
            failure = str(error).strip().splitlines()[0]
        finally:
            if target is not None:
                nbformat.write(notebook, target)
    ending = Ending(str(path), "notebook", FAILED if failure else 0, time.monotonic() - began, n_cells, n_executed, failure)
    stopped = f", stopped: {failure}" if failure else ""
    click.echo(f"{path.name}: {n_executed} of {n_cells} cells in {duration(ending.duration_s)}{stopped}", err=True)
    return ending


def texts_of(cell: Any) -> Iterator[str]:
    yield from filter(None, (output_text(each) for each in cell.get("outputs", ())))
