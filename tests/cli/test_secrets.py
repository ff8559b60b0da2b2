"""`ds secrets`: what was taken for a secret, and what a push holds back, without showing it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.secrets.planted import Maker, shapes

from .conftest import Shell

KEY = shapes(Maker(41))["stripe"]()


def test_what_was_replaced_and_what_is_held_back(trained: Shell, tmp_path: Path) -> None:
    assert "Nothing was taken for a secret" in trained("secrets").stdout
    (trained.folder / "show.py").write_text(f"import dotscience_jlab as ds\nds.label('key', '{KEY}')\nprint('{KEY}')\n")
    (trained.folder / "customers.csv").write_text(f"n,token\n1,{KEY}\n")
    trained("run", "show.py")
    newest = trained.until(lambda found: len(found) == 3 and found[0]["snapshot"], "log")[0]
    assert newest["redactions"] == ["stripe-key"]
    assert "replaced: stripe-key" in trained("show", newest["id"]).stdout
    there = tmp_path / "copy.git"
    trained("remote", "add", "usb", str(there), "--create")
    refused = trained("push", code=4)
    assert "customers.csv (stripe-key, line 2)" in refused.stderr and "ds secrets allow" in refused.stderr
    assert json.loads(trained("push", "--json", code=4).stderr)["details"]["quarantined"][0]["path"] == "customers.csv"
    listed = trained("secrets").stdout
    assert "held back" in listed and "customers.csv" in listed and "Replaced in 1 execution" in listed and KEY not in listed
    found = trained.json("secrets", "list")
    assert [each["execution"] for each in found["redacted"]] == [newest["id"]] and KEY not in json.dumps(found)
    assert "may be pushed" in trained("secrets", "allow", "customers.csv").stdout
    assert "went to" in trained("push").stdout and "allowed" in trained("secrets").stdout
    trained("secrets", "allow", "nothing.csv", code=3)
    digest = newest["source"][newest["source"].index("·") + 1 :][:8]
    assert "kept as it is" in trained("secrets", "allow", digest).stdout
    assert trained.json("secrets", "list")["not_secret"] == [digest]
