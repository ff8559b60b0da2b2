"""Files that a library opens outside Python are told of, each as read or written, and the library works as before."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator

import pandas
import pyarrow
import pyarrow.csv
import pyarrow.dataset
import pyarrow.feather
import pyarrow.fs
import pyarrow.orc
import pyarrow.parquet
import pytest

from dotscience_jlab.tracking.file_watch import FileWatch, watch_files
from dotscience_jlab.tracking.openers import listen_to_libraries

FRAME = pandas.DataFrame({"part": ["a", "b", "a"], "value": [1.0, 2.0, 3.0]})


class Heard:
    def __init__(self, watch: FileWatch) -> None:
        self.told: list[tuple[str, str, str]] = []
        self._watch = watch

    def of(self, act: object) -> set[tuple[str, str]]:
        """(name, role) of what `act` opened."""
        self.told.clear()
        self._watch.forget()
        act()  # type: ignore[operator]
        return {(os.path.basename(path), role) for path, role, _ in self.told}


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    monkeypatch.chdir(tmp_path)
    watch = FileWatch(lambda path, role, by, was_there: found.told.append((path, role, by)))
    found = Heard(watch)
    listen_to_libraries()
    watch_files(watch)
    yield found
    watch_files(None)


def test_parquet_by_pandas_and_by_itself(heard: Heard) -> None:
    table = pyarrow.table(FRAME)
    assert heard.of(lambda: FRAME.to_parquet("a.parquet")) == {("a.parquet", "output")}
    assert heard.of(lambda: pandas.read_parquet("a.parquet")) == {("a.parquet", "input")}
    assert heard.of(lambda: pyarrow.parquet.write_table(table, Path("b.parquet"))) == {("b.parquet", "output")}
    assert heard.of(lambda: pyarrow.parquet.read_table("b.parquet")) == {("b.parquet", "input")}
    assert heard.of(lambda: pyarrow.parquet.read_schema("b.parquet")) == {("b.parquet", "input")}


@pytest.mark.parametrize("write, read", [
    (lambda: pyarrow.csv.write_csv(pyarrow.table(FRAME), "x"), lambda: pyarrow.csv.read_csv("x")),
    (lambda: pyarrow.feather.write_feather(FRAME, "x"), lambda: pyarrow.feather.read_feather("x")),
    (lambda: pyarrow.orc.write_table(pyarrow.table(FRAME), "x"), lambda: pyarrow.orc.read_table("x")),
    (lambda: pyarrow.OSFile("x", "wb").close(), lambda: pyarrow.OSFile("x").close()),
    (lambda: pyarrow.output_stream("x").close(), lambda: pyarrow.input_stream("x").close()),
    (lambda: pyarrow.create_memory_map("x", 8).close(), lambda: pyarrow.memory_map("x").close()),
], ids=["csv", "feather", "orc", "file", "stream", "memory map"])
def test_the_rest_of_it(heard: Heard, write: object, read: object) -> None:
    assert heard.of(write) == {("x", "output")}
    assert heard.of(read) == {("x", "input")}


def test_a_mode_that_reads_and_writes(heard: Heard) -> None:
    Path("x").write_bytes(b"01234567")
    heard.of(lambda: pyarrow.memory_map("x", mode="r+").close())
    assert {role for _, role, _ in heard.told} == {"both"}


def test_a_folder_stands_for_its_files(heard: Heard) -> None:
    Path("parts").mkdir()
    Path("parts/old.txt").write_text("was there before")
    os.utime("parts/old.txt", (1, 1))
    written = heard.of(lambda: pyarrow.parquet.write_to_dataset(pyarrow.table(FRAME), "parts", partition_cols=["part"]))
    assert {role for _, role in written} == {"output"}
    assert {Path(path).parent.name for path, _, _ in heard.told} == {"part=a", "part=b"}
    read = heard.of(lambda: pyarrow.dataset.dataset("parts", exclude_invalid_files=True).to_table())
    assert {(name, "input") for name, _ in written} <= read


def test_nothing_is_changed_for_the_library(heard: Heard, capsys: pytest.CaptureFixture[str]) -> None:
    with pyarrow.OSFile("x", "wb") as file:
        assert isinstance(file, pyarrow.OSFile) and type(file) is pyarrow.lib.OSFile
        file.write(b"bytes")
    assert issubclass(pyarrow.lib.OSFile, pyarrow.OSFile) and not isinstance(3, pyarrow.OSFile)

    class Mine(pyarrow.OSFile):
        pass

    assert type(Mine("x")) is Mine and not isinstance(pyarrow.OSFile("x"), Mine)
    assert pyarrow.parquet.ParquetFile.__init__.__wrapped__.__module__ == "pyarrow.parquet.core"
    with pytest.raises(FileNotFoundError):
        pandas.read_parquet("none.parquet")
    with pytest.raises(TypeError):
        pyarrow.OSFile()
    assert heard.of(lambda: pyarrow.parquet.write_table(pyarrow.table(FRAME), pyarrow.BufferOutputStream())) == set()
    elsewhere = pyarrow.fs._MockFileSystem()
    assert heard.of(lambda: pyarrow.parquet.write_table(pyarrow.table(FRAME), "there", filesystem=elsewhere)) == set()


def test_it_listens_once() -> None:
    import sys

    listen_to_libraries()
    before = list(sys.meta_path), pyarrow.parquet.ParquetFile.__init__
    listen_to_libraries()
    assert (list(sys.meta_path), pyarrow.parquet.ParquetFile.__init__) == before
