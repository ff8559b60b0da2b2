"""What it costs to look for secrets: in a cell's code and outputs, in a saved notebook, in data before a push.

    python bench/secret_search.py [--json]

The peer is what any snapshot does with the same bytes: blake3 and deflate, level 1. Each text is a new one in each round: what was
looked at before is remembered.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import zlib
from functools import partial
from pathlib import Path

from _measure import Report, measured_in_turn
from blake3 import blake3

from dotscience_jlab.model.ids import BlobDigest
from dotscience_jlab.recording.cleaning import Cleaner
from dotscience_jlab.recording.quarantine import look_at
from dotscience_jlab.recording.secret_kinds import kinds

ROUNDS = 9
CODE = Path(__file__).resolve().parents[1] / "dotscience_jlab" / "recording" / "recorder.py"
NAMES = ("key", "secret", "token", "password", "auth")


def code(n: int) -> str:
    """10 kB of Python."""
    return f"# {n}\n{CODE.read_text(encoding='utf-8')[:10_000]}"


def output(n: int) -> str:
    """100 kB as a training loop prints them."""
    return "".join(f"epoch {n} step {m}: loss={m / 7:.6f} acc={m / 9:.4f} lr=0.001\n" for m in range(2200))


def listing(n: int) -> str:
    """100 kB full of names that look secret, none of them with a value."""
    return "".join(f"{NAMES[m % 5]} {n}-{m} the {NAMES[(m + 1) % 5]} of table {m}\n" for m in range(3200))


def notebook(n: int) -> bytes:
    cells = [{"cell_type": "code", "id": f"c{m}", "metadata": {}, "execution_count": m, "source": [f"x{m} = {n}\n", "x"],
              "outputs": [{"output_type": "stream", "name": "stdout", "text": output(n * 100 + m)[:9000].splitlines(True)}]}
             for m in range(100)]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def clean(cleaner: Cleaner, texts: list[str], n: int) -> None:
    cleaner.text(texts[n])


def store(texts: list[str], n: int) -> None:
    stored(texts[n].encode())


def stored(data: bytes) -> None:
    blake3(data).digest()
    zlib.compress(data, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    report = Report(parser.parse_args().json)
    load = [sys.executable, "-c", "import time; began = time.process_time(); from dotscience_jlab.recording import secret_kinds; "
            "secret_kinds.kinds(); print(time.process_time() - began)"]
    loads = sorted(float(subprocess.run(load, capture_output=True, check=True).stdout) for _ in range(3))
    report.amount("loading the patterns, once a recorder (CPU)", 1e3 * loads[1], "ms", 500)
    kinds()
    cleaner = Cleaner(lambda: b"s" * 32)
    kinds_of_text = (("code of 10 kB", code, 3), ("output of 100 kB", output, 20), ("100 kB of secret-looking names", listing, 60))
    for what, make, limit_ms in kinds_of_text:
        texts = [make(n) for n in range(ROUNDS)]
        ours, theirs = measured_in_turn([partial(clean, cleaner, texts), partial(store, texts)], ROUNDS)
        report.row(what, ours, "blake3 and deflate of it", theirs)
        report.amount(f"{what} (CPU)", 1e3 * ours.cpu_s, "ms", limit_ms)
    books = [notebook(n) for n in range(ROUNDS)]
    ours, theirs = measured_in_turn([lambda n: cleaner.file("a.ipynb", books[n]), lambda n: stored(books[n])], ROUNDS)
    report.row(f"a notebook of {len(books[0]) // 1000} kB, new", ours, "blake3 and deflate of it", theirs)
    again, theirs = measured_in_turn([lambda n: cleaner.file("a.ipynb", books[-1]), lambda n: stored(books[-1])], ROUNDS)
    report.row("the same one, saved again", again, "blake3 and deflate of it", theirs)
    table = "".join(f"{n},{n * n % 9973},{random.Random(n).random()}\n" for n in range(60_000)).encode()
    for what, data in ((f"a table of {len(table) // 1000} kB", table), ("4 MB of random bytes", os.urandom(4_000_000))):
        ours, theirs = measured_in_turn([lambda n, d=data: look_at(BlobDigest("0" * 40), "a", d), lambda n, d=data: stored(d)], 3)
        report.row(f"{what}, before a push", ours, "blake3 and deflate of it", theirs)
    report.finish()


if __name__ == "__main__":
    main()
