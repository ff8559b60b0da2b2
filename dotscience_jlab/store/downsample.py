"""Fewer points for a chart, with every peak kept: each bucket's first minimum and first maximum are among them."""

from __future__ import annotations

import math
from typing import Sequence

from ..model.run import Series

Point = tuple[int | None, float, float]
"""(step, time, value)"""


def downsampled(name: str, points: Sequence[Point], since: int = 0, max_points: int | None = None) -> Series:
    """Points from number `since` on, at most `max_points` of them (at least 4), in the order logged.

    Source of the rule: min-max decimation, as in https://skemman.is/handle/1946/15343 §2.3; values that are not finite are
    kept as gaps, one a bucket.
    """
    chosen = points[since:]
    if max_points is not None and len(chosen) > max(4, max_points):
        chosen = _extremes(chosen, max(2, max_points // 2))
    steps, times, values = zip(*chosen) if chosen else ((), (), ())
    return Series(name, tuple(steps), tuple(times), tuple(values), len(points))


def _extremes(points: Sequence[Point], n_buckets: int) -> list[Point]:
    kept: list[Point] = []
    for bucket in range(n_buckets):
        begin, end = bucket * len(points) // n_buckets, (bucket + 1) * len(points) // n_buckets
        finite = [n for n in range(begin, end) if math.isfinite(points[n][2])]
        if finite:
            least, most = min(finite, key=lambda n: points[n][2]), max(finite, key=lambda n: points[n][2])
            numbers = sorted({least, most})
        else:
            numbers = [begin]
        kept += [points[n] for n in numbers]
    return kept
