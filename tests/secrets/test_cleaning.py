"""What is kept of texts, records, files and notebooks: the same words, and a placeholder where a secret stood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dotscience_jlab.model.execution import Execution, FileUse
from dotscience_jlab.model.ids import ExecutionId, SessionId
from dotscience_jlab.model.instant import instant
from dotscience_jlab.model.run import Run
from dotscience_jlab.model.snapshot import SnapshotDraft
from dotscience_jlab.recording import cleaning
from dotscience_jlab.recording.cleaning import Cleaner, placeholders_in
from dotscience_jlab.recording.known_secrets import MOST, KnownSecrets
from dotscience_jlab.store.base import KeepRules
from dotscience_jlab.store.open import open_store
from dotscience_jlab.store.salt import salt_of
from tests.secrets.planted import Maker, shapes

KEY = shapes(Maker(1))["aws"]()
PEM = shapes(Maker(1))["rsa"]()


@pytest.fixture
def cleaner() -> Cleaner:
    return Cleaner(lambda: b"s" * 32)


def test_equal_secrets_have_equal_placeholders_that_need_the_salt(cleaner: Cleaner) -> None:
    first, second = cleaner.text(f"a {KEY}"), cleaner.text(f"b {KEY}")
    assert first.removeprefix("a ") == second.removeprefix("b ") == cleaner.placeholder("aws-key", KEY)
    assert first.startswith("a «secret:aws-key·") and KEY not in first
    assert Cleaner(lambda: b"t" * 32).text(f"a {KEY}") != first


def test_what_was_found_by_its_name_is_replaced_where_it_stands_alone(cleaner: Cleaner) -> None:
    value = Maker(2).row(24)
    assert value not in cleaner.text(f'service_token = "{value}"')
    assert cleaner.text(f"it was {value}!") == f"it was {cleaner.placeholder('assigned', value)}!"


def test_a_line_of_a_private_key_is_known_once_the_key_was_seen(cleaner: Cleaner) -> None:
    line = PEM.splitlines()[2]
    assert line in cleaner.text(f"    {line}\n    ^ SyntaxError")
    cleaner.text(PEM)
    assert line not in cleaner.text(f"    {line}\n    ^ SyntaxError")


def test_a_text_is_cleaned_the_same_way_whatever_was_learned_before(cleaner: Cleaner) -> None:
    text = f"if False:\n    k = '{KEY}'\n    p = \"\"\"{PEM}\"\"\"\n    api_key = '{KEY}'\n"
    once = cleaner.text(text)
    assert cleaner.text(text + " ") == once + " " and once.count("«secret:private-key·") == 1


def test_a_known_value_is_named_in_every_spelling() -> None:
    known, value = KnownSecrets(), "pa$$ \"w\\ord'9 ü"
    cleaner = Cleaner(lambda: b"s" * 32, known)
    assert value in cleaner.text(f"x {value}")
    known.learn({value: "«secret:DB_PASSWORD»"})
    for spelt in (value, json.dumps(value), repr(value), "https://x/?p=pa%24%24%20%22w%5Cord%279%20%C3%BC"):
        assert "«secret:DB_PASSWORD»" in cleaner.text(f"x {spelt}"), spelt


def test_thousands_of_secrets_cost_no_more_than_a_search_each(cleaner: Cleaner) -> None:
    make = Maker(5)
    keys = [shapes(make)["aws"]() for _ in range(2000)]
    assert "AKIA" not in cleaner.text("\n".join(keys))
    assert cleaner.text(f"x {keys[-1]}") == f"x {cleaner.placeholder('aws-key', keys[-1])}"
    assert len(list(cleaner._found.held_by("\n".join(keys)))) == MOST


def test_a_long_text_is_clean_wherever_the_secret_lies(cleaner: Cleaner) -> None:
    line = "epoch 3 loss 0.25\n"
    for at in (0, 199_990, 185_000, 200_001, 400_000):
        text = (line * 30_000)[:at] + f" {KEY} " + line * 30
        assert KEY not in cleaner.text(text), at


def test_a_record_is_cleaned_and_says_of_what(cleaner: Cleaner) -> None:
    use = FileUse(f"/w/{KEY}.csv", "input", path=f"{KEY}.csv")  # type: ignore[arg-type]
    execution = Execution(ExecutionId("k-0:1"), SessionId("k-0"), f"k = '{KEY}'", 1, instant(0.0), files=(use,),
                          outputs=({"output_type": "stream", "text": f"{KEY}\n"},), outputs_text="«secret:HF_TOKEN»")
    cleaned = cleaner.record(execution)
    assert KEY not in repr(cleaned) and cleaned.redactions == ("HF_TOKEN", "aws-key")
    run = Run("r", "n", 1, None, "running", instant(1.0), parameters={KEY: KEY, "lr": 0.1}, labels={"a": f"x {KEY}"})  # type: ignore[arg-type]
    assert KEY not in repr(cleaner.record(run)) and cleaner.record(run).parameters["lr"] == 0.1
    plain = Run("r", "n", 1, None, "running", instant(1.0), parameters={"lr": 0.1})  # type: ignore[arg-type]
    assert cleaner.record(plain) is plain


def test_a_notebook_keeps_its_structure(cleaner: Cleaner) -> None:
    lines = f"import os\nkey = '{KEY}'\npem = '''{PEM}'''\n".splitlines(True)
    image = {"image/png": KEY, "text/plain": f"'{KEY}'"}
    notebook = {
        "metadata": {"b": 1, "a": 2.50}, "nbformat": 4, "nbformat_minor": 5, "cells": [
            {"cell_type": "markdown", "id": "m", "metadata": {}, "source": ["# é\n", "text"]},
            {"cell_type": "code", "id": "c", "metadata": {}, "execution_count": 1, "source": lines,
             "outputs": [{"output_type": "display_data", "data": image, "metadata": {}}]},
        ],
    }
    data = (json.dumps(notebook, ensure_ascii=False, indent=1) + "\n").encode()
    cleaned = cleaner.file("a.ipynb", data)
    after = json.loads(cleaned)
    source = "".join(after["cells"][1]["source"])
    assert KEY not in source and PEM not in source and "«secret:private-key·" in source
    assert after["cells"][1]["outputs"][0]["data"] == {"image/png": KEY, "text/plain": f"'{cleaner.placeholder('aws-key', KEY)}'"}
    expected = json.loads(json.dumps(notebook))
    expected["cells"][1] = after["cells"][1]
    assert (json.dumps(expected, ensure_ascii=False, indent=1) + "\n").encode() == cleaned
    clean = cleaner.file("a.ipynb", cleaned)
    assert clean is cleaned


def test_a_harmless_value_stays_once_the_user_has_said_so(cleaner: Cleaner) -> None:
    cleaner.harmless = frozenset({cleaner.digest(KEY)})
    assert cleaner.text(f"a {KEY}") == f"a {KEY}"


def test_files_are_stored_without_and_stay_as_they_are(project: Path) -> None:
    (project / "train.py").write_text(f"key = '{KEY}'\n")
    (project / "data.csv").write_text(f"a,{KEY}\n")
    (project / f"out-{KEY}.txt").write_text("x")
    (project / "broken.ipynb").write_text(f'{{"cells": [ "{KEY}')
    store = open_store(project, create=True)
    store.clean_with(Cleaner(store.salt))
    scan = store.scan(KeepRules())
    snapshot = store.publish(SnapshotDraft(f"with {KEY}", instant(1.0), scan.edits))
    kept = {path: store.read_blob(entry.digest).decode() for path, entry in store.tree(snapshot.id).items()}
    assert "«secret:aws-key·" in kept["train.py"] and KEY not in kept["broken.ipynb"] and KEY not in snapshot.message
    assert kept["data.csv"] == f"a,{KEY}\n", "data is kept as it is"
    assert not any(KEY in path for path in kept)
    assert any("secret" in each.reason for each in scan.skipped)
    assert (project / "train.py").read_text() == f"key = '{KEY}'\n"
    assert not store.scan(KeepRules()).edits, "an unchanged file is no change"
    salt = project / ".dotscience" / "store.git" / "salt"
    assert salt.stat().st_mode & 0o777 == 0o600 and salt_of(salt.parent) == store.salt()
    store.close()


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_a_text_file_keeps_its_encoding(cleaner: Cleaner, encoding: str) -> None:
    before, after = f"# é\nkey = '{KEY}'\n", f"# é\nkey = '{cleaner.placeholder('aws-key', KEY)}'\n"
    assert cleaner.file("train.py", before.encode(encoding)).decode(encoding) == after
    assert cleaner.file("train.py", b"\0" + KEY.encode()) == b"\0" + KEY.encode(), "no text"


def test_a_fault_of_the_search_keeps_the_text_out_and_the_recording_going(
    cleaner: Cleaner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(text: str) -> None:
        raise RuntimeError("no search today")

    monkeypatch.setattr(cleaning, "find_secrets", fail)
    execution = Execution(ExecutionId("k-0:1"), SessionId("k-0"), f"k = '{KEY}'", 1, instant(0.0))
    kept = cleaner.record(execution)
    assert KEY not in repr(kept) and kept.source == cleaning.UNSEARCHED and kept.redactions == ("unsearched",)
    assert "could not be searched" in caplog.text and KEY not in caplog.text


def test_names_of_placeholders() -> None:
    assert list(placeholders_in({"a": ["x «secret:HF_TOKEN» «secret:jwt·00ff00ff»"]})) == ["HF_TOKEN", "jwt"]
