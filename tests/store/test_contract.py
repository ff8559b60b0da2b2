"""Every promise of `store/base.py`, held by both stores."""

from __future__ import annotations

from .contract import Bytes, Folder, Points, Queries, Records, Snapshots
from .large_contract import LargeFiles, Names


class TestBytes(Bytes): ...


class TestSnapshots(Snapshots): ...


class TestRecords(Records): ...


class TestQueries(Queries): ...


class TestPoints(Points): ...


class TestFolder(Folder): ...


class TestLargeFiles(LargeFiles): ...


class TestNames(Names): ...
