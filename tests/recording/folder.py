"""A real project folder with a store over it, and the few moves of a user: write, snapshot, restore."""

from __future__ import annotations

import os
from pathlib import Path

from dotscience_jlab.model.execution import Execution, FileUse
from dotscience_jlab.model.ids import new_run_id
from dotscience_jlab.model.instant import instant
from dotscience_jlab.model.run import Run
from dotscience_jlab.model.snapshot import Snapshot, SnapshotDraft
from dotscience_jlab.recording.restore import IN_PLACE_ABOVE, apply_restore
from dotscience_jlab.recording.restore_plan import plan_restore
from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.chunks import SIZES, ChunkSizes
from dotscience_jlab.store.open import memory_store, open_store

SESSION = "k-0123456789abcdef"
START = 1_795_000_000.0
ROOMY = KeepRules(free_bytes=0, free_share=0.0)
"""The machine that tests may be short of disk; that is another test's matter."""


class Project:
    def __init__(
        self, root: Path, *, in_memory: bool = True, rules: KeepRules = ROOMY, sizes: ChunkSizes = SIZES,
        in_place_above: int = IN_PLACE_ABOVE,
    ) -> None:
        root.mkdir(exist_ok=True)
        self.root = root
        self.rules = rules
        self.in_place_above = in_place_above
        self.store = memory_store(root, sizes) if in_memory else open_store(root, create=True, sizes=sizes)
        self.now = START

    def write(self, path: str, data: bytes | str, *, executable: bool = False) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data if isinstance(data, bytes) else data.encode())
        if executable:
            target.chmod(0o755)

    def snapshot(self, message: str = "a cell", reason: str = "message", touched=(), **fields) -> Snapshot:
        self.now += 60
        edits = dict(self.store.scan(self.rules, touched).edits)
        return self.store.publish(SnapshotDraft(message, instant(self.now), edits, reason=reason, **fields))

    def files(self) -> dict[str, object]:
        """path -> bytes, or the target of a link in angle brackets; what belongs to us left out."""
        found: dict[str, object] = {}
        for folder, folders, names in os.walk(self.root):
            folders[:] = [each for each in folders if each != ".dotscience"]
            for name in [*names, *(each for each in folders if os.path.islink(os.path.join(folder, each)))]:
                disk_path = os.path.join(folder, name)
                path = os.path.relpath(disk_path, self.root)
                found[path] = f"<{os.readlink(disk_path)}>" if os.path.islink(disk_path) else Path(disk_path).read_bytes()
        return found

    def plan(self, snapshot: Snapshot, paths=None):
        return plan_restore(self.store, snapshot.id, paths, rules=self.rules)

    def restore(self, snapshot: Snapshot, paths=None, *, digest: str | None = None, take_snapshot=None, **fields):
        return apply_restore(
            self.store, snapshot.id, paths, digest or self.plan(snapshot, paths).plan_digest,
            take_snapshot=take_snapshot or self.snapshot, rules=self.rules, in_place_above=self.in_place_above, **fields,
        )

    def executed(self, n: int, source: str = "", **fields) -> Execution:
        told = {"id": f"{SESSION}:m{n}", "session": SESSION, "source": source or f"x = {n}", "order": n,
                "started_at": instant(START + 60 * n), "finished_at": instant(START + 60 * n + 1), "outcome": "ok"}
        made = Execution(**{**told, **fields})
        self.store.append([made])
        return made

    def ran(self, n: int, **fields) -> Run:
        told = {"id": new_run_id(), "name": f"train · {n}", "number": n, "session": SESSION, "state": "finished",
                "started_at": instant(START + 60 * n)}
        made = Run(**{**told, **fields})
        self.store.append([made])
        return made

    def use(self, path: str, role: str, digest: str | None = None, **fields) -> FileUse:
        return FileUse(str(self.root / path), role, path, digest=digest, **fields)
