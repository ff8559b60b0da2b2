"""How the benchmarks measure: medians of rounds, of CPU and of the wall clock, each row beside a peer or limit of the same run."""

from __future__ import annotations

import json
import resource
import statistics
import time
from dataclasses import asdict, dataclass, field
from typing import Callable, Sequence

ROUNDS = 5


@dataclass(frozen=True)
class Spent:
    """Seconds: of CPU, by this process and its ended children, and by the clock."""

    cpu_s: float
    wall_s: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.cpu_s + other.cpu_s, self.wall_s + other.wall_s)

    def __mul__(self, times: float) -> Spent:
        return Spent(self.cpu_s * times, self.wall_s * times)


def cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def measured(act: Callable[[int], object], rounds: int = ROUNDS, before: Callable[[int], object] = lambda n: None) -> Spent:
    """The medians over all rounds; both are told the round's number, and what `before` does is not counted."""
    return measured_in_turn([act], rounds, before)[0]


def measured_in_turn(
    acts: Sequence[Callable[[int], object]], rounds: int, before: Callable[[int], object] = lambda n: None
) -> list[Spent]:
    """Of each the medians, where one round of each follows the other: a shared machine's mood changes within seconds, and each
    meets all of it."""
    spent: list[list[Spent]] = [[] for _ in acts]
    for n in range(rounds):
        for act, own in zip(acts, spent):
            before(n)
            cpu_before, wall_before = cpu_s(), time.perf_counter()
            act(n)
            own.append(Spent(cpu_s() - cpu_before, time.perf_counter() - wall_before))
    return [
        Spent(statistics.median(each.cpu_s for each in own), statistics.median(each.wall_s for each in own)) for own in spent
    ]


@dataclass(frozen=True)
class Row:
    what: str
    ours: Spent
    peer: str
    theirs: Spent
    limit: float | None
    """The most that the ratio may be; None: for comparison only."""

    @property
    def cpu_ratio(self) -> float:
        return self.ours.cpu_s / max(self.theirs.cpu_s, 1e-9)

    @property
    def wall_ratio(self) -> float:
        return self.ours.wall_s / max(self.theirs.wall_s, 1e-9)


@dataclass(frozen=True)
class Amount:
    what: str
    amount: float
    unit: str
    limit: float


@dataclass(frozen=True)
class Note:
    note: str
    """What a reader of the figures should know: 'not beside dvc: it is not on the PATH'."""


@dataclass
class Report:
    """Prints each row as it comes, or all of them as JSON at the end."""

    as_json: bool
    rows: list[Row | Amount | Note] = field(default_factory=list)

    def row(self, what: str, ours: Spent, peer: str, theirs: Spent, limit: float | None = None) -> None:
        made = Row(what, ours, peer, theirs, limit)
        self.rows.append(made)
        if not self.as_json:
            allowed = "" if limit is None else f", at most {limit:g}"
            by_cpu = f"{1e3 * ours.cpu_s:9.2f} ms of CPU {made.cpu_ratio:7.3f} x"
            by_clock = f"{1e3 * ours.wall_s:9.2f} ms by the clock {made.wall_ratio:7.3f} x"
            beside = f"{peer} ({1e3 * theirs.cpu_s:.1f} ms of CPU, {1e3 * theirs.wall_s:.1f} ms)"
            print(f"{what:<58} {by_cpu} {by_clock}{allowed}  {beside}", flush=True)

    def amount(self, what: str, amount: float, unit: str, limit: float) -> None:
        self.rows.append(Amount(what, amount, unit, limit))
        if not self.as_json:
            print(f"{what:<58} {amount:9.2f} {unit}, at most {limit:g}", flush=True)

    def note(self, text: str) -> None:
        self.rows.append(Note(text))
        if not self.as_json:
            print(text, flush=True)

    def finish(self) -> None:
        if self.as_json:
            print(json.dumps([_json(each) for each in self.rows], indent=1))


def _json(row: Row | Amount | Note) -> dict[str, object]:
    if isinstance(row, Note):
        return asdict(row)
    if isinstance(row, Amount):
        return {**asdict(row), "ratio": row.amount / row.limit}
    return {**asdict(row), "cpu_ratio": row.cpu_ratio, "wall_ratio": row.wall_ratio}
