"""Every promise of `store/base.py`, held by both stores."""

from __future__ import annotations

from .contract import Bytes, Folder, Forgetting, Points, Queries, Records, Snapshots


class TestBytes(Bytes): ...


class TestSnapshots(Snapshots): ...


class TestRecords(Records): ...


class TestQueries(Queries): ...


class TestPoints(Points): ...


class TestFolder(Folder): ...


class TestForgetting(Forgetting): ...
