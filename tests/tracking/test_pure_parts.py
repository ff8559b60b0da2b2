"""Secrets, output caps, patience, file roles, launchers: tables of what goes in and what comes out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotscience_jlab.tracking.file_watch import FileWatch, role_of
from dotscience_jlab.tracking.launcher import notebook_in
from dotscience_jlab.tracking.outputs import Cleared, OutputFilter, Shown
from dotscience_jlab.tracking.secrets import Secrets, StreamCleaner, looks_secret, parse_dotenv, worth_hiding
from dotscience_jlab.tracking.waiting import MAX_LATE, START_CREDIT_S, Patience


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [
        ("OPENAI_API_KEY", True),
        ("db_password", True),
        ("GITHUB_TOKEN", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("SENTRY_DSN", True),
        ("MY_PAT", True),
        ("PWD", False),
        ("TOKENIZERS_PARALLELISM", False),
        ("KEYBOARD", False),
        ("HOME", False),
        ("PATH", False),
        ("MONKEY", False),
    ],
)
def test_names_that_look_secret(name: str, is_secret: bool) -> None:
    assert looks_secret(name) is is_secret


@pytest.mark.parametrize(
    ("value", "is_hidden"),
    [
        ("sk-12345678", True),
        ("1234567", False),
        ("password", False),
        (__file__, False),
        ("/no/such/key-file", True),
        (" " * 9, False),
    ],
)
def test_values_worth_hiding(value: str, is_hidden: bool) -> None:
    assert worth_hiding(value) is is_hidden


def test_a_secret_is_replaced_in_every_spelling() -> None:
    secrets = Secrets()
    secrets.learn_environ(
        {"API_KEY": 'a"b c/é-123', "DB": "postgres://me:pass-word-1@host/db", "HOME": "/home/me-12345"}
    )
    assert secrets.clean('x a"b c/é-123 y') == "x «secret:API_KEY» y"
    assert secrets.clean('{"k": "a\\"b c/\\u00e9-123"}') == '{"k": "«secret:API_KEY»"}'
    assert secrets.clean("?k=a%22b%20c%2F%C3%A9-123") == "?k=«secret:API_KEY»"
    assert secrets.clean("postgres://me:pass-word-1@host/db") == "postgres://me:«secret:DB»@host/db"
    assert secrets.clean_value({"a": ['a"b c/é-123', 1, None]}) == {"a": ["«secret:API_KEY»", 1, None]}


@pytest.mark.parametrize(
    "source",
    [
        'os.environ["MY_TOKEN"] = "tok-12345"',
        "os.environ['MY_TOKEN']='tok-12345'",
        "%env MY_TOKEN=tok-12345",
        "%set_env MY_TOKEN tok-12345",
        'os.environ.setdefault("MY_TOKEN", "tok-12345")',
    ],
)
def test_a_secret_that_a_cell_assigns_is_hidden_in_that_cell(source: str) -> None:
    secrets = Secrets()
    secrets.learn_from_source(source)
    assert "tok-12345" not in secrets.clean(source)


def test_dotenv_lines() -> None:
    text = "A=1 # c\nexport B='x # y'\n# C=2\nD = \"q\"\nbroken\nE=\n"
    assert list(parse_dotenv(text)) == [("A", "1"), ("B", "x # y"), ("D", "q"), ("E", "")]


@given(st.text(alphabet="abs-k1", max_size=40), st.lists(st.integers(1, 6), max_size=30))
def test_a_stream_cut_anywhere_is_cleaned_as_if_whole(text: str, cuts: list[int]) -> None:
    secrets = Secrets()
    secrets.learn("K", "sk-sk-11")
    secrets.learn("L", "aab-bskk")
    text = text + "sk-sk-11" + text
    cleaner, shown, rest = StreamCleaner(secrets), "", text
    for n in cuts:
        shown += cleaner.feed(rest[:n])
        rest = rest[n:]
    shown += cleaner.feed(rest) + cleaner.rest()
    assert "sk-sk-11" not in shown and "aab-bskk" not in shown
    assert shown.replace("«secret:K»", "sk-sk-11").replace("«secret:L»", "aab-bskk") == text


def stream(text: str, name: str = "stdout") -> tuple[str, dict[str, Any]]:
    return "stream", {"name": name, "text": text}


def test_output_is_cut_at_the_cap_and_the_bytes_left_out_are_counted() -> None:
    filter = OutputFilter(Secrets(), 10)
    shown = [each for text in ("12345678", "é9abc", "more") for each in filter.take(*stream(text))] + filter.rest()
    assert [each.output["text"] for each in shown] == ["12345678", "é", ""]
    assert sum(each.n_cut_bytes for each in shown) == 8


def test_a_bundle_loses_its_largest_form_first() -> None:
    content = {"data": {"text/html": "x" * 50, "text/plain": "plain"}, "metadata": {}, "transient": {"display_id": "d"}}
    (shown,) = OutputFilter(Secrets(), 20).take("display_data", content)
    assert shown == Shown(
        {"output_type": "display_data", "data": {"text/plain": "plain"}, "metadata": {}}, "d", False, 50
    )


def test_clearing_makes_room_again_but_not_for_ever() -> None:
    filter = OutputFilter(Secrets(), 100)
    kept = 0
    for _ in range(20):
        kept += sum(len(each.output["text"]) for each in filter.take(*stream("x" * 100)) if isinstance(each, Shown))
        assert Cleared(True) in filter.take("clear_output", {"wait": True})
    assert kept == 500


def test_what_is_no_output_gives_nothing() -> None:
    assert OutputFilter(Secrets(), 100).take("comm_open", {}) == []


def test_patience_ends_and_returns() -> None:
    patience = Patience()
    assert patience.allowance_s(0.0) == START_CREDIT_S and patience.allowance_s(1000.0) == 0.2
    for _ in range(MAX_LATE):
        assert patience.allowance_s(100.0) > 0
        patience.note(0.2, is_answered=False)
    assert patience.allowance_s(1000.0) == 0
    patience.note(0.0, is_answered=True)
    assert patience.allowance_s(1000.0) == 0.2


def test_patience_is_never_more_than_its_share() -> None:
    patience = Patience()
    for second in range(1000):
        patience.note(patience.allowance_s(second), is_answered=True)
    assert patience.waited_s <= START_CREDIT_S + 0.01 * 1000


@pytest.mark.parametrize(
    ("mode", "flags", "role"),
    [
        ("r", 0, "input"),
        ("rb", 0, "input"),
        ("w", 0, "output"),
        ("a", 0, "output"),
        ("xb", 0, "output"),
        ("r+", 0, "both"),
        ("w+", 0, "output"),
        (None, os.O_RDONLY, "input"),
        (None, os.O_WRONLY | os.O_CREAT, "output"),
        (None, os.O_RDWR, "both"),
        (None, os.O_RDWR | os.O_TRUNC, "output"),
        (None, os.O_RDONLY | os.O_DIRECTORY, None),
        (None, None, None),
    ],
)
def test_the_role_of_an_open(mode: Any, flags: Any, role: str | None) -> None:
    assert role_of(mode, flags) == role


def test_which_files_say_something_about_the_work() -> None:
    told: list[tuple[str, str, str]] = []
    report = lambda path, role, by, was_there: told.append((path, role, by))  # noqa: E731
    watch = FileWatch(report, ["/data/dotscience/"], ["/env/lib/python3.11"], look=lambda _: os.stat(__file__))
    for path in (
        "/w/a.csv",
        "/w/a.csv",
        "/env/lib/python3.11/x.py",
        "/env/lib/python3.11/site-packages/sklearn/iris.csv",
        "/proc/1/stat",
        "/w/.dotscience/x",
        "/w/.git/HEAD",
        "/w/.ipynb_checkpoints/a.ipynb",
        "/data/dotscience/k/0.spool",
        "/tmp/abcd1234",
        "/w/__pycache__/mine.cpython-311.pyc",
        "/w/../w/b.csv",
        b"/w/bytes.csv",
        3,
        None,
        "",
        "/w/nul\0",
    ):
        watch.notice("open", (path, "r", 0))
    watch.notice("os.rename", ("/w/draft", "/w/final", -1, -1))
    watch.notice("open", ("only two",))
    paths = [path for path, _, _ in told]
    assert paths == [
        "/w/a.csv",
        "/env/lib/python3.11/site-packages/sklearn/iris.csv",
        "/w/mine.py",
        "/w/b.csv",
        "/w/bytes.csv",
        "/w/nul\0",
        "/w/draft",
        "/w/draft",
        "/w/final",
    ]
    assert [role for _, role, _ in told[-3:]] == ["input", "output", "output"]


def test_what_is_not_there_is_not_read_and_a_folder_is_no_file(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    watch = FileWatch(lambda path, role, by, was_there: told.append((os.path.basename(path), role)), packages=[])
    (tmp_path / "folder").mkdir()
    (tmp_path / "there").write_text("x")
    for name in ("none", "folder", "there"):
        for mode in ("r", "r+", "w"):
            watch.notice("open", (str(tmp_path / name), mode, 0))
    assert told == [("none", "output"), ("there", "input"), ("there", "both"), ("there", "output")]


def test_a_reporter_that_fails_never_reaches_the_open() -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError

    FileWatch(broken).notice("open", ("/w/a.csv", "r", 0))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["python", "/bin/jupyter-nbconvert", "--execute", "a.ipynb"], True),
        (["python", "-m", "papermill", "a.ipynb", "out.ipynb"], True),
        (["python", "/bin/jupyter-lab", "a.ipynb"], False),
        (["jupyter", "nbconvert", "missing.ipynb"], False),
    ],
)
def test_the_notebook_on_an_executors_command_line(tmp_path: Path, words: list[str], found: bool) -> None:
    (tmp_path / "a.ipynb").write_text("{}")
    assert notebook_in(words, str(tmp_path)) == (str(tmp_path / "a.ipynb") if found else None)
