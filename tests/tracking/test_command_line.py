"""Of a command line, the words that name files the program reads."""

from __future__ import annotations

import pytest

from dotscience_jlab.tracking.command_line import named_files, script_of


@pytest.mark.parametrize("command, files", [
    (["sort", "-k2", "a.csv"], ["a.csv"]),
    (["sort", "-o", "b.csv", "a.csv"], ["a.csv"]),
    (["cp", "-r", "a.csv", "b.csv"], ["a.csv"]),
    (["tee", "a.csv"], []),
    (["python", "train.py", "--data=a.csv", "--epochs", "3"], ["train.py", "a.csv", "3"]),
    (["program", "input=a.csv"], ["input=a.csv", "a.csv"]),
    (["program", "--output=b.csv", "a.csv"], ["a.csv"]),
    (["/bin/sh", "-c", "sort a.csv | uniq > b.csv"], ["a.csv"]),
    (["bash", "-ec", "cat a.csv"], ["a.csv"]),
    ("sort a.csv>b.csv", ["a.csv"]),
    ("sort < a.csv >> b.csv 2> c.log", ["a.csv"]),
    ("cat a.csv 2>&1 | wc -l; rm a.csv && head b.csv &", ["a.csv", "b.csv"]),
    ("LANG=C sort 'my file.csv' \"and \\\"this\\\".csv\" or\\ that.csv", ["my file.csv", 'and \\"this\\".csv', "or that.csv"]),
    ("./prepare.sh a.csv", ["./prepare.sh", "a.csv"]),
    ("./model a.csv", ["a.csv"]),
    ("(cd in; sort a.csv)\ncat b.csv", ["a.csv", "b.csv"]),
    (b"sort a.csv", ["a.csv"]),
    ("echo 'it is not closed", []),
    ("", []),
    ([], []),
])  # fmt: skip
def test_names(command: object, files: list[str]) -> None:
    assert list(named_files(command)) == files


def test_at_most_two_hundred_words_are_looked_at() -> None:
    assert len(list(named_files(["cat", *map(str, range(1000))]))) == 199
    assert len(list(named_files("cat " + " ".join(map(str, range(1000)))))) == 199


@pytest.mark.parametrize("source, script", [
    ("%%bash\nsort a.csv", "sort a.csv"),
    ("%%sh --no-raise-error\nsort a.csv", "sort a.csv"),
    ("%%script /bin/bash\nsort a.csv", "sort a.csv"),
    ("%%script python\nopen('a.csv')", ""),
    ("%%time\nopen('a.csv')", ""),
])
def test_a_cell_for_a_shell(source: str, script: str) -> None:
    assert script_of(source) == script
