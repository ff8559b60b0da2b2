"""What a container, or a job of a cluster, may use at most: its control group's limits. Source: cgroups(7)."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ..process_tree import PROC

GROUPS = Path("/sys/fs/cgroup")
NO_LIMIT = 1 << 60
"""Version 1 writes a number near 2^63 where there is none."""


def limits_of(pid: int, proc: Path = PROC, groups: Path = GROUPS) -> dict[str, float]:
    """{'memory_limit_bytes': …, 'cpu_limit': 2.5 (cores)}: the tightest on the way up; what has no limit is left out."""
    found: dict[str, float] = {}

    def tighten(name: str, value: float | None) -> None:
        if value is not None and 0 < value < NO_LIMIT:
            found[name] = min(value, found.get(name, value))

    for controllers, group in _groups_of(pid, proc):
        relative = Path(group.lstrip("/"))
        for each in (relative, *relative.parents):  # the last is the root, which in a container is the container's own
            if not controllers:
                tighten("memory_limit_bytes", _number(groups / each / "memory.max"))
                tighten("cpu_limit", _quota(_words(groups / each / "cpu.max")))
            if "memory" in controllers:
                tighten("memory_limit_bytes", _number(groups / "memory" / each / "memory.limit_in_bytes"))
            if "cpu" in controllers:
                quota, period = (_words(groups / "cpu" / each / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
                tighten("cpu_limit", _quota([*quota, *period]))
    return found


def _groups_of(pid: int, proc: Path) -> list[tuple[list[str], str]]:
    """[(['memory'], '/job/7'), ([], '/user.slice')]: an empty list is of version 2."""
    found = []
    with suppress(OSError):
        for line in (proc / str(pid) / "cgroup").read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            found.append((list(filter(None, controllers.split(","))), group))
    return found


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def _number(path: Path) -> float | None:
    words = _words(path)
    return float(words[0]) if words and words[0].isdecimal() else None


def _quota(words: list[str]) -> float | None:
    """['150000', '100000'] -> 1.5; ['max', '100000'], ['-1', '100000'] -> None"""
    if len(words) == 2 and words[0].isdecimal() and words[1].isdecimal() and int(words[1]):
        return int(words[0]) / int(words[1])
    return None
