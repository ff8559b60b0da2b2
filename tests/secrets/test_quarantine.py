"""Data that holds what looks like a secret stays in the local history and goes to no other place, until somebody lets it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dotscience_jlab.errors import NeedsConsent, NotFound
from dotscience_jlab.model.ids import BlobDigest
from dotscience_jlab.model.remote import Remote
from dotscience_jlab.recording import quarantine
from dotscience_jlab.recording.quarantine import look_at
from dotscience_jlab.store.cleaning import AsItIs
from dotscience_jlab.store.outgoing import users_path
from tests.recording.machines import Machine
from tests.secrets.planted import Maker, shapes

KEY, OTHER = (shapes(Maker(n))["github"]() for n in (21, 22))


@pytest.fixture
def there(tmp_path: Path) -> Path:
    path = tmp_path / "copy.git"
    subprocess.run(["git", "init", "-q", "--bare", str(path)], check=True)
    return path


@pytest.fixture
def one(tmp_path: Path, there: Path):
    machine = Machine(tmp_path / "one")
    machine.remotes.add(machine.store, Remote("origin", str(there)))
    yield machine
    machine.close()


def bytes_at(repository: Path) -> bytes:
    words = ["git", "-C", str(repository), "cat-file", "--batch", "--batch-all-objects"]
    return subprocess.run(words, capture_output=True, check=True).stdout


def test_a_push_refuses_until_it_is_purged(one: Machine, there: Path) -> None:
    one.work("a.csv", "n,x\n1,2\n")
    one.push()
    one.work("customers.csv", f"n,token\n1,{KEY}\n")
    with pytest.raises(NeedsConsent, match=r"customers.csv \(github-token, line 2\) holds.*ds purge") as refusal:
        one.push()
    assert KEY not in str(refusal.value.details) and bytes_at(there).count(b"customers") == 0
    plan = one.store.plan_purge(one.store.digests_at("customers.csv"))  # type: ignore[arg-type]
    one.store.purge(plan, "a token", "2026-11-21T09:18:00.000000Z", "ann")
    assert one.push()["n_sent"] and KEY.encode() not in bytes_at(there)
    assert quarantine.quarantined(one.store) == []


def test_a_version_may_be_let_go_and_the_next_one_not(one: Machine, there: Path) -> None:
    one.work("customers.csv", f"n,token\n1,{KEY}\n")
    with pytest.raises(NeedsConsent):
        one.push()
    (row,) = quarantine.quarantined(one.store)
    assert (row["path"], row["kinds"], row["is_allowed"]) == ("customers.csv", {"github-token": 1}, False)
    quarantine.allow(one.store, "customers.csv")
    assert quarantine.quarantined(one.store)[0]["is_allowed"] and one.push()["n_sent"]
    assert KEY.encode() in bytes_at(there)
    one.work("customers.csv", f"n,token\n1,{OTHER}\n")
    with pytest.raises(NeedsConsent, match="customers.csv"):
        one.push()
    with pytest.raises(NotFound):
        quarantine.allow(one.store, "nothing.csv")


def test_code_was_cleaned_before_and_goes(one: Machine, there: Path) -> None:
    one.work("train.py", f"key = '{KEY}'\n")
    one.push()
    assert KEY.encode() not in bytes_at(there) and "«secret:github-token·".encode() in bytes_at(there)


def test_what_an_earlier_program_kept_is_held_back_too(one: Machine) -> None:
    one.store.clean_with(AsItIs())
    one.work("train.py", f"key = '{KEY}'\n")
    with pytest.raises(NeedsConsent, match="train.py"):
        one.push()


def test_a_large_file_is_searched_part_by_part(one: Machine) -> None:
    text = "".join(f"{n},{n * n % 9973},{n % 7}\n" for n in range(600_000))
    one.write("big.csv", text[:5_000_000] + f"x,{KEY}\n" + text[5_000_000:])
    one.snapshot(touched=["big.csv"])
    with pytest.raises(NeedsConsent, match=r"big.csv \(github-token"):
        one.push()


def test_beyond_the_bound_it_is_said_and_needs_a_yes(one: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "MOST_PARTS", 2)
    one.write("big.csv", "".join(f"{n},{n * n % 9973},{n % 7}\n" for n in range(600_000)))
    one.snapshot(touched=["big.csv"])
    with pytest.raises(NeedsConsent, match="only the beginning of big.csv.*--unscanned"):
        one.push()
    assert one.push(is_unscanned_allowed=True)["n_sent"]


def test_what_was_searched_is_not_searched_again(one: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    one.work("customers.csv", f"n,token\n1,{KEY}\n")
    with pytest.raises(NeedsConsent):
        one.push()
    monkeypatch.setattr(quarantine, "look_at", None)
    with pytest.raises(NeedsConsent):
        one.push()


@pytest.mark.parametrize("data, kinds, line", [
    (f"a\nb\n{KEY}\n".encode(), {"github-token": 1}, 3),
    (b"\x00\x01" + KEY.encode() + b"\x00", {"github-token": 1}, 1),
    (b"\x00\x01password='" + b"Hunter2!x' \x00", {}, 0),
    (("x" * 79 + "\n").encode() * 20_000 + KEY.encode() + b"\n" + KEY.encode(), {"github-token": 2}, 20_001),
    (b"", {}, 0),
    (f'{{"cells": [{{"source": ["k = \\"{KEY}\\""]}}]}}'.encode(), {"github-token": 1}, 1),
])
def test_how_many_of_which_kind_and_where(data: bytes, kinds: dict[str, int], line: int) -> None:
    found = look_at(BlobDigest("0" * 40), "a.ipynb" if data.startswith(b"{") else "a.csv", data)
    assert (found.kinds, found.line) == (kinds, line)


@pytest.mark.parametrize("path, expected", [
    (b"a.csv", ("a.csv", 0)), (b"data/big.csv.ds/00000/000003", ("data/big.csv", 3)), (b"a.ds~", ("a.ds", 0)),
    (b"big.csv.ds/meta", ("big.csv.ds/meta", 0)), (b"f.ds~/a.ds~.ds/00001/000256", ("f.ds/a.ds", 256)),
])
def test_a_blob_is_named_as_the_user_names_its_file(path: bytes, expected: tuple[str, int]) -> None:
    assert users_path(path) == expected
