"""What only the server knows of kernels: when they start, how they end, which notebook they serve. Told to the recorder.

Every kernel manager that the server makes is watched: its public `start_kernel`, `restart_kernel` and `shutdown_kernel` are
wrapped on that one object, so whatever class the user or another extension configured stays in charge. The automatic
restart calls the kernel manager itself, never the mapping manager; that is why the wrap sits so low.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async

from .load_tracking import Loaded, load_tracking, loads_by_itself
from .process_end import when_it_ends

Report = Callable[[str, dict[str, Any]], None]
"""(method, params): told to the recorder in order, without waiting."""

_WATCHED = "_dotscience_is_watched"


class KernelWatch:
    """`is_loading`: whether tracking is loaded into kernels that do not load it by themselves.

    `await_files`: returns when the files of a folder are there, before a kernel starts in it.
    """

    def __init__(
        self,
        report: Report,
        lent_folder: Callable[[], Path],
        log: logging.Logger | logging.LoggerAdapter[Any],
        *,
        is_loading: bool = True,
        await_files: Callable[[str], Awaitable[None]] | None = None,
    ) -> None:
        self._report = report
        self._lent_folder = lent_folder
        self._log = log
        self._is_loading = is_loading
        self._await_files_in = await_files
        self._disk_paths: dict[str, str] = {}
        self._running: dict[str, Loaded] = {}
        """kernel id -> how far it reports itself; of running kernels."""
        self._ends_on_purpose: set[str] = set()
        """Kernels that are being stopped or restarted right now."""
        self._pids: dict[str, int] = {}
        """kernel id -> the process that serves it, or served it last."""
        self._is_server_stopping = False
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self, mapping_manager: Any) -> None:
        """Watch every kernel made from now on, also when somebody exchanges the factory later."""
        if not mapping_manager.has_trait("kernel_manager_factory"):
            self._log.warning("dotscience: %s makes kernels in a way of its own: how they end stays unknown.", mapping_manager)
            return
        self._wrap_factory(mapping_manager)
        mapping_manager.observe(lambda _: self._wrap_factory(mapping_manager), "kernel_manager_factory")

    def serve_notebook(self, kernel_id: str, disk_path: str) -> None:
        """This kernel runs the cells of that notebook: said by Jupyter's sessions at their start and at a rename."""
        self._disk_paths[kernel_id] = disk_path
        if kernel_id in self._running:
            self._tell_start(kernel_id)

    def tell_all_again(self) -> None:
        """A recorder that was just started knows nothing of the kernels that run."""
        for kernel_id in self._running:
            self._tell_start(kernel_id)

    def server_stops(self) -> None:
        """Said of all kernels before the server ends them; how each of them ends is told no more."""
        for kernel_id in self._running:
            self._tell(kernel_id, "server_stopped")
        self._is_server_stopping = True

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    # -- one kernel ----------------------------------------------------------------------------------

    def _wrap_factory(self, mapping_manager: Any) -> None:
        factory = mapping_manager.kernel_manager_factory
        if getattr(factory, _WATCHED, False):
            return

        @functools.wraps(factory)
        def make(*args: Any, **kwargs: Any) -> Any:
            manager = factory(*args, **kwargs)
            try:
                self._watch(manager)
            except Exception:  # ours must never cost anybody a kernel
                self._log.exception("dotscience: a kernel manager could not be watched")
            return manager

        setattr(make, _WATCHED, True)
        mapping_manager.kernel_manager_factory = make

    def _watch(self, manager: Any) -> None:
        _around(manager, "start_kernel", before=self._await_files, after=lambda: self._started(manager))
        _around(manager, "restart_kernel", before=lambda _: self._ending(manager, "restarted"),
                after=lambda: self._restarted(manager))
        _around(manager, "shutdown_kernel", before=lambda _: self._ending(manager, "stopped"),
                after=lambda: self._forget(manager))
        manager.add_restart_callback(functools.partial(self._given_up, manager), "dead")

    async def _await_files(self, arguments: dict[str, Any]) -> None:
        if self._await_files_in is not None and isinstance(arguments.get("cwd"), str):
            await self._await_files_in(arguments["cwd"])

    async def _started(self, manager: Any) -> None:
        kernel_id = str(manager.kernel_id)
        self._running[kernel_id] = self._before_loading(manager)
        self._lives(manager)
        self._tell_start(kernel_id)

    async def _restarted(self, manager: Any) -> None:
        """No `started` here: it would wipe how the life before ended, before the recorder has read that life to its end."""
        self._running[str(manager.kernel_id)] = self._before_loading(manager)
        self._lives(manager)

    def _lives(self, manager: Any) -> None:
        """A new process serves this kernel."""
        self._ends_on_purpose.discard(str(manager.kernel_id))
        pid = getattr(getattr(manager, "provisioner", None), "pid", None)
        if isinstance(pid, int):
            self._pids[str(manager.kernel_id)] = pid
        when_it_ends(pid, functools.partial(self._process_ended, manager))
        if self._is_loading:
            self._soon(self._load(manager))

    def _process_ended(self, manager: Any) -> None:
        if str(manager.kernel_id) not in self._ends_on_purpose:
            self._soon(self._ending(manager, "died"))

    async def _ending(self, manager: Any, event: str) -> None:
        """Just before a stop or restart. A process that is gone already has died: its parent, us, knows how."""
        kernel_id = str(manager.kernel_id)
        exit_status = await _exit_status(manager)
        if exit_status is None:
            self._ends_on_purpose.add(kernel_id)
            self._tell(kernel_id, event)
        else:
            self._tell(kernel_id, "died", exit_status=exit_status)

    async def _forget(self, manager: Any) -> None:
        for known in (self._running, self._disk_paths, self._pids):
            known.pop(str(manager.kernel_id), None)
        self._ends_on_purpose.discard(str(manager.kernel_id))

    def _given_up(self, manager: Any) -> None:
        """It died again and again, and is not restarted any more."""
        self._soon(self._ending(manager, "died"))

    async def _load(self, manager: Any) -> None:
        """Off the path of the start: nobody waits for us."""
        spec = manager.kernel_spec
        kernel_id = str(manager.kernel_id)
        if spec is None or spec.language.lower() != "python":
            name = spec.display_name if spec else "of an unknown kind"
            loaded = Loaded(f"A kernel of {name} cannot report itself: what the browser saw of it is recorded.", None)
        elif loads_by_itself(spec.argv):
            return
        else:
            try:
                folder = self._lent_folder()
            except OSError as error:
                loaded = Loaded(f"Recording could not be lent to this kernel ({error}).", None)
            else:
                loaded = await load_tracking(manager, folder)
        if kernel_id in self._running and loaded != self._running[kernel_id]:
            self._running[kernel_id] = loaded
            if loaded.reason:
                self._log.info("dotscience: kernel %s: %s", kernel_id, loaded.reason)
            self._tell_start(kernel_id)

    def _before_loading(self, manager: Any) -> Loaded:
        """Until it is loaded from outside a kernel reports nothing; one that loads by itself, all."""
        spec = manager.kernel_spec
        is_heard = not self._is_loading or (spec is not None and loads_by_itself(spec.argv))
        return Loaded() if is_heard else Loaded(n_unheard=None)

    def _tell_start(self, kernel_id: str) -> None:
        loaded = self._running[kernel_id]
        self._tell(kernel_id, "started", capture_reason=loaded.reason, n_unheard=loaded.n_unheard)

    def _tell(self, kernel_id: str, event: str, **more: Any) -> None:
        if self._is_server_stopping:
            return
        params = {"kernel_id": kernel_id, "event": event, "pid": self._pids.get(kernel_id), **more}
        if kernel_id in self._disk_paths:
            params["disk_path"] = self._disk_paths[kernel_id]
        self._report("kernels.report", params)

    def _soon(self, work: Any) -> None:
        task = asyncio.ensure_future(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception:
            self._log.exception("dotscience: watching a kernel failed")


def _around(manager: Any, name: str, *, before: Any = None, after: Any = None) -> None:
    """Wrap one public method of one object; ours may fail, the wrapped one answers and raises as it always did.

    before: told the named arguments of the call.
    """
    wrapped = getattr(manager, name)

    @functools.wraps(wrapped)
    async def around(*args: Any, **kwargs: Any) -> Any:
        await _quietly(manager, None if before is None else functools.partial(before, kwargs))
        result = await ensure_async(wrapped(*args, **kwargs))
        await _quietly(manager, after)
        return result

    setattr(manager, name, around)


async def _quietly(manager: Any, hook: Callable[[], Awaitable[None]] | None) -> None:
    if hook is None:
        return
    try:
        await hook()
    except Exception:
        manager.log.exception("dotscience: watching a kernel failed")


async def _exit_status(manager: Any) -> int | None:
    """None while its process runs, or where nobody can know. Negative: the signal that ended it."""
    if not getattr(manager, "has_kernel", False):
        return None
    status = await manager.provisioner.poll()
    return status if isinstance(status, int) else None
