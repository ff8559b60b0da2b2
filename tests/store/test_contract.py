"""Every promise of `store/base.py`, held by both stores."""

from __future__ import annotations

from .contract import Bytes, Folder, Forgetting, Points, Purging, Queries, Records, Snapshots, SpaceTaken
from .large_contract import LargeFiles, Names


class TestBytes(Bytes): ...


class TestSnapshots(Snapshots): ...


class TestRecords(Records): ...


class TestQueries(Queries): ...


class TestPoints(Points): ...


class TestFolder(Folder): ...


class TestForgetting(Forgetting): ...


class TestSpaceTaken(SpaceTaken): ...


class TestPurging(Purging): ...


class TestLargeFiles(LargeFiles): ...


class TestNames(Names): ...
