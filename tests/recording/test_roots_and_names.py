"""Which folder a notebook belongs to, and which names carry data between cells: tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotscience_jlab.recording.variables import names_of
from dotscience_jlab.recording.workspaces import find_root


@pytest.mark.parametrize(
    "made, asked, root",
    [
        ([], "a/nb.ipynb", "a"),
        (["p/.git/"], "p/x/y/nb.ipynb", "p"),
        (["p/.dotscience/store.git/", "p/x/.git/"], "p/x/nb.ipynb", "p"),
        (["p/pyproject.toml"], "p/x/nb.ipynb", "p"),
        (["p/requirements.txt", "p/x/environment.yml"], "p/x/nb.ipynb", "p/x"),
        (["p/data/", "p/notebooks/"], "p/notebooks/nb.ipynb", "p"),
        (["p/data/"], "p/other/nb.ipynb", "p/other"),
        ([".git/"], "p/nb.ipynb", "p"),
        (["pyproject.toml"], "p/nb.ipynb", "p"),
    ],
)
def test_the_root_of_a_notebook(tmp_path: Path, made: list[str], asked: str, root: str):
    home = tmp_path / "home"
    for name in made:
        path = home / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
    notebook = home / asked
    notebook.parent.mkdir(parents=True, exist_ok=True)
    assert find_root(notebook, home).path == home / root


@pytest.mark.parametrize(
    "source, reads, writes",
    [
        ("x = 1", "", "x"),
        ("y = x + 1", "x", "y"),
        ("x += 1", "x", "x"),
        ("import pandas as pd, os.path", "", "pd os"),
        ("from a import b as c", "", "c"),
        ("df['a'] = 1", "df", "df"),
        ("df.a = 1", "df", "df"),
        ("rows.append(1)", "rows", "rows"),
        ("df.head()", "df", ""),
        ("model.fit(X, y)", "model X y", "model"),
        ("for i in range(n): total = i", "n", "i total"),
        ("z = [a for a in b if a > c]", "b c", "z"),
        ("def f(a, b=k): return a + g", "k g", "f"),
        ("f = lambda a: a + b", "b", "f"),
        ("class A(B):\n    x = C", "B C", "A"),
        ("global_x = 1\ndef f():\n    global counter\n    counter = 1", "", "global_x f counter"),
        ("with open(p) as file: text = file.read()", "p", "file text"),
        ("try: a\nexcept E as e: b = e", "a E", "e b"),
        ("%time x = 1", "", "x"),
        ("%timeit -n 3 f(x)", "f x", ""),
        ("%matplotlib inline\nx = %pwd", "", "x"),
        ("%%time\nx = y", "y", "x"),
        ("%%bash\necho x", "", ""),
        ("files = !ls\nn = len(files)", "", "files n"),
        ("def broken(:", "", ""),
        ("print(x); len(y)", "x y", ""),
        ("if (n := 10) > m: pass", "m", "n"),
    ],
)
def test_the_names_of_a_cell(source: str, reads: str, writes: str):
    names = names_of(source)
    assert (set(names.reads), set(names.writes)) == (set(reads.split()), set(writes.split()))
