"""Of a command line, the words that name files the program reads."""

from __future__ import annotations

import pytest

from dotscience_jlab.tracking.command_line import named_files, script_of


@pytest.mark.parametrize("command, reads, writes", [
    (["sort", "-k2", "a.csv"], ["a.csv"], []),
    (["sort", "-o", "b.csv", "a.csv"], ["a.csv"], ["b.csv"]),
    (["cp", "-r", "a.csv", "b.csv"], ["a.csv"], ["b.csv"]),
    (["tee", "-a", "a.csv"], [], ["a.csv"]),
    (["dd", "if=a.csv", "of=b.csv"], ["if=a.csv", "a.csv"], ["of=b.csv", "b.csv"]),
    (["python", "train.py", "--data=a.csv", "--epochs", "3"], ["train.py", "a.csv", "3"], []),
    (["program", "input=a.csv"], ["input=a.csv", "a.csv"], []),
    (["program", "--output=b.csv", "a.csv"], ["a.csv"], ["b.csv"]),
    (["/bin/sh", "-c", "sort a.csv | uniq > b.csv"], ["a.csv"], ["b.csv"]),
    (["bash", "-ec", "cat a.csv"], ["a.csv"], []),
    ("sort a.csv>b.csv", ["a.csv"], ["b.csv"]),
    ("sort < a.csv >> b.csv 2> c.log", ["a.csv"], ["b.csv", "c.log"]),
    ("cat a.csv 2>&1 | wc -l; rm a.csv && head b.csv &", ["a.csv", "b.csv"], ["a.csv"]),
    ("LANG=C sort 'my file.csv' \"and \\\"this\\\".csv\" or\\ that.csv", ["my file.csv", 'and \\"this\\".csv', "or that.csv"], []),
    ("./prepare.sh a.csv", ["./prepare.sh", "a.csv"], []),
    ("./model a.csv", ["a.csv"], []),
    ("(cd in; sort a.csv)\ncat b.csv", ["a.csv", "b.csv"], []),
    (b"sort a.csv", ["a.csv"], []),
    ("ls a.csv; git add a.csv", [], []),
    ("echo 'it is not closed", [], []),
    ("", [], []),
    ([], [], []),
])  # fmt: skip
def test_names(command: object, reads: list[str], writes: list[str]) -> None:
    named = list(named_files(command))
    assert [word for word, role in named if role == "input"] == reads
    assert [word for word, role in named if role == "output"] == writes


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
