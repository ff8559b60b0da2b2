"""The magics: `%ds_run`, `%%ds_run`, `%ds_runs`, `%ds_diff`, `%ds_restore`, `%ds_fork`, `%ds_recipe`, `%ds_pause`, `%ds_resume`.

Those that ask talk to the recorder over its socket (docs/requests.md) and import nothing of it. `%ds_run?` and so on show help.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from typing import Any, Dict, Optional

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from ..errors import DotscienceError
from ..link.launch import connect_or_launch
from . import active, api
from .recipe_table import RecipeTable
from .tables import Comparison, Plan, RunTable

REQUEST_TIMEOUT_S = 60.0
CONFIRM_TIMEOUT_S = 3700.0
"""A recipe's cells may take as long as they took."""
CATCH_UP_S = 3.0
"""So that what the cells above recorded is in the answer; a recorder that is further behind answers with what it has."""
ACTIONS = ("start", "publish", "end", "status")
MAX_RUNS = 1000


@magics_class
class DsMagics(Magics):
    """Runs, comparison, restore and fork from a cell."""

    @magic_arguments()
    @argument("-p", "--param", action="append", default=[], metavar="KEY=VALUE", help="A parameter; may be repeated.")
    @argument("-t", "--tag", action="append", default=[], metavar="KEY=VALUE", help="A label; may be repeated.")
    @argument("words", nargs="*", help="With %%%%: the run's name. With %%: start, publish, end or status (the default), "
                                       "then a description.")
    @line_cell_magic
    def ds_run(self, line: str, cell: Optional[str] = None) -> Any:
        """Begin, publish or end a run, or make the whole cell one run.

        Examples::

            %ds_run start trying a smaller model
            %ds_run publish
            %ds_run status

            %%ds_run small -p lr=0.1 --tag data=2026-11
            train(lr=0.1)

        A cell with a top-level `await` takes `with ds.run("small"):` instead.
        """
        arguments = parse_argstring(self.ds_run, line)
        words = [_unquoted(word) for word in arguments.words]
        if cell is not None:
            with api.run(" ".join(words) or None, opened_by="magic"):
                _record_pairs(arguments)
                return self._run_body(cell)
        action = words[0] if words else "status"
        if action not in ACTIONS:
            raise UsageError(f"%ds_run {action}: say one of {', '.join(ACTIONS)}, or begin the cell with %%ds_run {action}.")
        description = " ".join(words[1:]) or None
        if action == "start":
            active.session().start_run("magic", None, description)
            _record_pairs(arguments)
        elif action == "status":
            api.debug()
        else:
            _record_pairs(arguments)
            api.publish(description) if action == "publish" else api.end()
        return None

    @magic_arguments()
    @argument("-n", "--limit", type=int, default=50, help="How many, at most; default 50.")
    @argument("-s", "--sort", default="-started_at", help="A column to sort by, '-' first for descending: -metrics.acc")
    @argument("--all", action="store_true", help="Runs of the whole folder, not of this notebook alone.")
    @argument("query", nargs="*", help="Words that a run's name, note, labels or parameters contain.")
    @line_magic
    def ds_runs(self, line: str) -> RunTable:
        """The runs of this notebook (or folder) as a table; `.to_dataframe()` gives it to pandas, numbers as numbers.

        Examples::

            %ds_runs
            %ds_runs lr=0.1 --sort -metrics.acc
            df = %ds_runs --all
            df.to_dataframe()
        """
        arguments = parse_argstring(self.ds_runs, re.sub(r"(?:--sort|-s)\s+(?=-)", "--sort=", line))  # '-acc' is no option
        with _asking() as ask:
            workspace = ask.workspace()
            text = " ".join(_unquoted(word) for word in arguments.query) or None
            params: Dict[str, Any] = {"text": text, "sort": arguments.sort, "limit": max(1, min(arguments.limit, MAX_RUNS))}
            path = None if arguments.all else ask.notebook_path(workspace)
            if path is not None:
                params["path"] = path
            answer = ask("runs.list", workspace=workspace["id"], **{key: each for key, each in params.items() if each is not None})
            return RunTable(answer["items"], int(answer.get("total", len(answer["items"]))))

    @magic_arguments()
    @argument("runs", nargs="+", help="Two or more runs: number, name, id or the beginning of an id.")
    @line_magic
    def ds_diff(self, line: str) -> Comparison:
        """What differs between runs, what differs first.

        Example::

            %ds_diff 5 7
        """
        arguments = parse_argstring(self.ds_diff, line)
        runs = [_unquoted(run) for run in arguments.runs]
        if len(runs) < 2:
            raise UsageError("%ds_diff compares two runs or more: %ds_diff 5 7")
        with _asking() as ask:
            return Comparison(ask("runs.compare", workspace=ask.workspace()["id"], runs=runs))

    @magic_arguments()
    @argument("--yes", action="store_true", help="Do it; without, only what would change is shown.")
    @argument("--all", action="store_true", help="Every file of the folder; by default only the files named.")
    @argument("reference", help="A snapshot, run, execution, or a time such as 14:03.")
    @argument("paths", nargs="*", help="Files to restore, relative to the project folder; none: all that differ.")
    @line_magic
    def ds_restore(self, line: str) -> Plan:
        """Put files back as they were. First shows what would change; `--yes` does it, after taking a snapshot.

        Variables are not touched. Examples::

            %ds_restore 14:03 data/clean.csv
            %ds_restore 7 --yes
        """
        arguments = parse_argstring(self.ds_restore, line)
        with _asking() as ask:
            workspace = ask.workspace()["id"]
            snapshot = ask("snapshots.get", workspace=workspace, snapshot=_unquoted(arguments.reference))
            params: Dict[str, Any] = {"workspace": workspace, "snapshot": snapshot["id"]}
            if arguments.paths and not arguments.all:
                params["paths"] = [_unquoted(path) for path in arguments.paths]
            plan = ask("restore.plan", **params)
            if not arguments.yes:
                return Plan(plan, f"%ds_restore {line.strip()} --yes")
            done = ask("restore.apply", plan_digest=plan["plan_digest"], **params)
            return Plan(plan, None, done)

    @magic_arguments()
    @argument("--name", default=None, help="The fork's name; default: its folder's.")
    @argument("reference", help="A snapshot, run, execution, or a time such as 14:03.")
    @argument("path", help="A new folder, relative to the working folder.")
    @line_magic
    def ds_fork(self, line: str) -> None:
        """A new folder with the files as they were, and a history of its own that knows where it came from.

        Example::

            %ds_fork 7 ../try-larger-model
        """
        arguments = parse_argstring(self.ds_fork, line)
        with _asking() as ask:
            params: Dict[str, Any] = {
                "workspace": ask.workspace()["id"],
                "snapshot": _unquoted(arguments.reference),
                "disk_path": os.path.abspath(os.path.expanduser(_unquoted(arguments.path))),
            }
            if arguments.name:
                params["name"] = _unquoted(arguments.name)
            done = ask("fork", **params)
            later = f" {done['n_later']} large ones follow." if done.get("n_later") else ""
            print(f"Forked {done['n_files']} files to {params['disk_path']}.{later}")

    @magic_arguments()
    @argument("-o", "--output", default=None, help="Write the recipe to this file, a notebook.")
    @argument("--confirm", action="store_true", help="Run it again, in a fresh kernel and a temporary folder, and compare.")
    @argument("result", help="A variable of this kernel; else a run or a file, as run:7 or file:out.csv.")
    @line_magic
    def ds_recipe(self, line: str) -> RecipeTable:
        """The smallest list of executed cells that made a variable, a run or a file.

        Examples::

            %ds_recipe accuracy --confirm
            %ds_recipe run:7 -o how-it-was-made.ipynb
        """
        arguments = parse_argstring(self.ds_recipe, line)
        result = _unquoted(arguments.result)
        with _asking() as ask:
            workspace = ask.workspace()
            session = active.known_session()
            params: Dict[str, Any] = {"workspace": workspace["id"], "of": result}
            if not result.startswith(("run:", "file:", "variable:", "execution:")):
                params["of"] = f"variable:{result}"
                if session is not None:
                    params["session"] = session.id
            if arguments.confirm:
                params["executable"] = sys.executable
                name = params["of"].partition(":")[2]
                if params["of"].startswith("variable:") and name in self.shell.user_ns:
                    from .content import content  # late: only who confirms needs it

                    params["expected"] = content(self.shell.user_ns[name])
            found = ask("recipes.confirm" if arguments.confirm else "recipes.get", **params)
            if arguments.output:
                with open(os.path.expanduser(_unquoted(arguments.output)), "w", encoding="utf-8") as file:
                    json.dump(found["notebook"], file, indent=1, ensure_ascii=False)
            return RecipeTable(found, arguments.output)

    @line_magic
    def ds_pause(self, line: str) -> None:
        """Record nothing from the next cell on, until %ds_resume; of paused cells only that they ran is kept."""
        session = active.session()
        session.is_paused = True
        print("dotscience: paused in this kernel; %ds_resume goes on.")

    @line_magic
    def ds_resume(self, line: str) -> None:
        """Record again, from the next cell on."""
        active.session().is_paused = False
        print("dotscience: recording again, from the next cell on.")

    def _run_body(self, cell: str) -> Any:
        """Run the cell in the notebook's namespace, its magics included; the value of its last expression, for display."""
        transformed = self.shell.transform_cell(cell)
        name = self.shell.compile.cache(transformed, self.shell.execution_count)
        tree = self.shell.compile.ast_parse(transformed, filename=name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(self.shell.compile(tree, name, "exec"), self.shell.user_ns)
        if last is None:
            return None
        value = eval(self.shell.compile(ast.Expression(last.value), name, "eval"), self.shell.user_ns)
        return None if transformed.rstrip().endswith(";") else value


class _asking:
    """A connection for one magic; the recorder's errors are shown as a sentence, without a trace."""

    def __enter__(self) -> "_asking":
        try:
            self._link = connect_or_launch(active.settings(), "kernel")
        except DotscienceError as error:
            raise UsageError(str(error)) from None
        session = active.known_session()
        if session is not None:
            session.catch_up(CATCH_UP_S)
        return self

    def __call__(self, method: str, **params: Any) -> Any:
        timeout_s = CONFIRM_TIMEOUT_S if method == "recipes.confirm" else REQUEST_TIMEOUT_S
        return self._link.request(method, params, timeout_s=timeout_s)

    def workspace(self) -> Dict[str, Any]:
        """The project folder of the notebook, else of the working folder."""
        hint = active.settings().notebook_hint
        return self("workspaces.find", disk_path=hint if hint and os.path.exists(hint) else os.getcwd())

    def notebook_path(self, workspace: Dict[str, Any]) -> Optional[str]:
        hint = active.settings().notebook_hint
        root = str(workspace.get("root", "")).rstrip("/") + "/"
        return hint[len(root) :] if hint and hint.startswith(root) and os.path.exists(hint) else None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._link.close()
        if isinstance(error, DotscienceError):
            raise UsageError(str(error)) from None


def register(shell: Any) -> None:
    """Give the shell the magics; again does no harm."""
    shell.register_magics(DsMagics)


def _record_pairs(arguments: Any) -> None:
    for verb, pairs in ((api.parameter, arguments.param), (api.label, arguments.tag)):
        for pair in pairs:
            name, has_value, value = _unquoted(pair).partition("=")
            verb(name.strip(), parsed(value) if has_value else True)


def parsed(text: str) -> Any:
    """'0.1' -> 0.1, '3' -> 3, 'True' -> True, "'a'" -> 'a', 'adam' -> 'adam': a number stays a number."""
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text.strip()
    return value if isinstance(value, (bool, int, float, str)) else text.strip()


def _unquoted(word: str) -> str:
    """IPython's argument splitter keeps quotes: '"a b"' -> 'a b'"""
    return word[1:-1] if len(word) >= 2 and word[0] == word[-1] and word[0] in "'\"" else word
