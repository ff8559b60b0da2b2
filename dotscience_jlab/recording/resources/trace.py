"""What is kept of many readings: at most 600 points a name, no peak and no trough lost, and means that are exact.

    reading after reading   ->   points     cpu_share: (12.5, 0.98), (13.0, 1.01), …
                                 summary    cpu_share: mean 0.97 over 310 s, most 1.01
"""

from __future__ import annotations

from typing import Iterable, Mapping

from ...model.run import ResourceSummary

MAX_POINTS = 600
"""A name. One more, and each four neighbours become two: the least and the most of them."""

Point = tuple[int, str, "int | None", float, float]
"""(position, name, step, time, value), as store/series.py keeps them."""


Sums = dict[str, tuple[float, float, float]]


class Trace:
    """Of one cell or of one run. Not safe for threads by itself."""

    def __init__(self) -> None:
        self._points: dict[str, list[tuple[float, float]]] = {}
        """name -> (epoch seconds, value), in order of time"""
        self._sums: Sums = {}
        """name -> (seconds watched, integral of the value over them, most)"""
        self.note = ""
        """Why something is missing, in a sentence; the last one counts."""

    def __bool__(self) -> bool:
        return bool(self._sums)

    def add(self, at: float, seconds: float, values: Mapping[str, float], note: str = "") -> None:
        """One reading. seconds: since the one before, for which its values stand."""
        self.note = note or self.note
        for name, value in values.items():
            points = self._points.setdefault(name, [])
            points.append((round(at, 3), value))
            if len(points) > MAX_POINTS:
                self._points[name] = thinned(points)
            watched_s, total, most = self._sums.get(name, (0.0, 0.0, value))
            self._sums[name] = watched_s + seconds, total + value * seconds, max(most, value)

    def joined(self, other: Trace) -> Trace:
        """Both, as one: of a run's cells."""
        found = Trace()
        found.note = other.note or self.note
        for name in dict.fromkeys((*self._points, *other._points)):
            points = sorted((*self._points.get(name, ()), *other._points.get(name, ())))
            while len(points) > MAX_POINTS:
                points = thinned(points)
            found._points[name] = points
        found._sums = _both(self._sums, other._sums)
        return found

    def summary(self, other: Trace | None = None) -> dict[str, ResourceSummary]:
        """By name, of both. The mean is over time, whatever the distance of the readings. Looks at no point."""
        sums = _both(self._sums, other._sums if other is not None else {})
        return {
            name: ResourceSummary(_rounded(total / watched_s if watched_s else most), _rounded(most), round(watched_s, 3))
            for name, (watched_s, total, most) in sorted(sums.items())
        }

    def without_points(self) -> Trace:
        """A copy that knows the summary alone."""
        found = Trace()
        found._sums, found.note = dict(self._sums), self.note
        return found

    def points(self) -> list[Point]:
        """Name by name, in order of time; positions count from 0."""
        rows = ((name, at, value) for name in sorted(self._points) for at, value in self._points[name])
        return [(n, name, None, at, _rounded(value)) for n, (name, at, value) in enumerate(rows)]


def restored(points: Iterable[Point], summary: Mapping[str, ResourceSummary], note: str = "") -> Trace:
    """The trace that once gave these: a run goes on after the recorder was started anew."""
    trace = Trace()
    trace.note = note
    for _, name, _, at, value in points:
        trace._points.setdefault(name, []).append((at, value))
    trace._sums = {name: (each.watched_s, each.mean * each.watched_s, each.max) for name, each in summary.items()}
    return trace


def _both(a: Sums, b: Sums) -> Sums:
    found = dict(a)
    for name, (watched_s, total, most) in b.items():
        known = found.get(name, (0.0, 0.0, most))
        found[name] = known[0] + watched_s, known[1] + total, max(known[2], most)
    return found


def thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Half of them: of each four neighbours the least and the most, in order of time. Fewer than three at the end stay."""
    kept: list[tuple[float, float]] = []
    for begin in range(0, len(points), 4):
        four = points[begin : begin + 4]
        if len(four) > 2:
            least = min(range(len(four)), key=lambda n: four[n][1])
            most = max(range(len(four)), key=lambda n: four[n][1])
            four = [four[n] for n in sorted({least, most})]
        kept += four
    return kept


def _rounded(value: float) -> float:
    """1234567.8 -> 1234568.0, 0.98765 -> 0.988: a byte and a thousandth are nothing here, and digits take room."""
    return float(round(value)) if abs(value) >= 1000 else round(value, 3)
