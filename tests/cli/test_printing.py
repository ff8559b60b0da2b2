"""How values read on a terminal, as tables: literal in, literal out."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from dotscience_jlab.cli.hiding import Hider
from dotscience_jlab.cli.history import output_text
from dotscience_jlab.cli.printing import duration, local_time, n_of, number, one_line, pairs, resource_rows, size


@pytest.mark.parametrize("seconds, said", [
    (None, ""), (0.0412, "41 ms"), (41.31, "41.3 s"), (125, "2 min 5 s"), (7380, "2 h 3 min"),
])
def test_a_duration_has_two_units_at_most(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize("n_bytes, said", [(None, ""), (0, "0 B"), (999, "999 B"), (1_234_567, "1.2 MB"), (3 * 10**12, "3.0 TB")])
def test_a_size_has_one_decimal(n_bytes: int | None, said: str) -> None:
    assert size(n_bytes) == said


@pytest.mark.parametrize("value, said", [(0.1 + 0.2, "0.3"), (3, "3"), ("NaN", "NaN"), (True, "yes"), (1e-9, "1e-09")])
def test_a_number_reads_without_float_noise(value: object, said: str) -> None:
    assert number(value) == said


@pytest.mark.parametrize("name, value, row", [
    ("cpu_share", 1.256, ["cpu", "126 %"]), ("memory_bytes", 2_100_000_000.0, ["memory", "2.1 GB"]),
    ("disk_read_bytes_s", 1500.4, ["disk read", "1.5 kB/s"]), ("gpu0_utilisation_share", 0.5, ["gpu0 utilisation", "50 %"]),
    ("gpu0_power_w", 71.6, ["gpu0 power", "72 W"]), ("of_a_later_version", 2.5, ["of a later version", "2.5"]),
])
def test_what_a_run_took_of_the_machine_has_its_units_at_the_values(name: str, value: float, row: list[str]) -> None:
    assert resource_rows({name: {"mean": value, "max": value}}) == [[*row, row[1]]]


@pytest.mark.parametrize("text, said", [
    ("a\nb", "a b"), ("red \x1b[31mtext", "red \\x1b[31mtext"), ("x" * 300, "x" * 199 + "…"), ("größe 🎈", "größe 🎈"),
])
def test_no_recorded_name_can_steer_a_terminal(text: str, said: str) -> None:
    assert one_line(text) == said


def test_a_time_says_as_much_as_is_needed() -> None:
    now = datetime(2026, 11, 21, 16, 20, tzinfo=timezone.utc).astimezone()
    local = datetime(2026, 11, 21, 14, 3, 7, tzinfo=timezone.utc).astimezone()
    assert local_time("2026-11-21T14:03:07.000000Z", now) == local.strftime("%H:%M:%S")
    assert local_time("2025-01-02T14:03:07.000000Z", now).startswith("2025-01-02")
    assert local_time(None) == ""


def test_words_for_amounts() -> None:
    assert (n_of(1, "file"), n_of(2, "file"), n_of(1200, "entry", "entries")) == ("1 file", "2 files", "1,200 entries")
    assert pairs({"lr": 0.1, "n": 3}) == "lr 0.1 · n 3"


@pytest.mark.parametrize("output, text", [
    ({"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]}, "a\nb"),
    ({"output_type": "execute_result", "data": {"text/plain": "42", "text/html": "<b>42</b>"}}, "42"),
    ({"output_type": "display_data", "data": {"image/png": "iVBOR"}}, ""),
    ({"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []}, "ValueError: no"),
])
def test_an_output_shows_what_a_terminal_can(output: dict, text: str) -> None:
    assert output_text(output) == text


@pytest.mark.parametrize("text, hidden", [
    ("connect with hunter2-hunter2 now", "connect with ••• now"),
    ("API_KEY=abc123def in /home/ann/x", "API_KEY=••• in ~/x"),
    ('{"password": "p w", "n": 1}', '{"password": "••• w", "n": 1}'),
    ("https://ann:pass@host/x", "https://ann:•••@host/x"),
    ("Authorization: Bearer abc.def", "Authorization: Bearer •••"),
    ("key ghp_0123456789abcdefghij here", "key ••• here"),
    ("nothing to hide", "nothing to hide"),
])
def test_secrets_do_not_leave_in_a_bundle(text: str, hidden: str) -> None:
    from pathlib import Path

    environ = {"MY_TOKEN": "hunter2-hunter2", "SHORT_KEY": "now", "PATH": "nothing to hide"}
    assert Hider.of_environment(environ, Path("/home/ann")).hide(text) == hidden
