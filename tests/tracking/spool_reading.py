"""Reads a spool the way the recorder does: all files end to end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dotscience_jlab.model.frames import Points, read_frames


def frames_of(session: Path) -> list[Any]:
    data = b"".join(path.read_bytes() for path in sorted(session.glob("*.spool")))
    return [frame for frame, _ in read_frames(data)]


def events_of(session: Path, *names: str) -> list[dict[str, Any]]:
    """Events in order, of these kinds (all, if none is named)."""
    return [f for f in frames_of(session) if isinstance(f, dict) and (not names or f["event"] in names)]


def points_of(session: Path) -> list[tuple[str, str, int | None, float]]:
    """(run, name, step or None, value) of every point, in order."""
    names: dict[int, dict[str, Any]] = {}
    found = []
    for frame in frames_of(session):
        if isinstance(frame, Points):
            declared = names[frame.name_set]
            step = None if frame.step == -(2**63) else frame.step
            found += [(declared["run"], name, step, value) for name, value in zip(declared["names"], frame.values)]
        elif frame["event"] == "names_declared":
            names[frame["name_set"]] = frame
    return found
