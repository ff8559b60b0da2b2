"""The standard library, as notebooks use it."""

from __future__ import annotations

from typing import Any

from ..operation import Operation

TEXT = "open('a.txt', 'w').write('text\\n' * 3)"
OUTSIDE = "open('../outside/a.txt', 'w').write('text\\n' * 3)"
TABLE = "open('a.csv', 'w').write('x,y\\n1,2\\n3,4\\n')"
DATABASE = """
import sqlite3
with sqlite3.connect('{0}') as base:
    base.execute('create table t (x)'); base.execute('insert into t values (1)')
base.close()
"""
WITHOUT_A_TRACE = "C code that opens a file by itself, in a library without a listener, is not seen reading it."


def python(name: str, act: str, **more: Any) -> Operation:
    return Operation(name, "standard library", act, **more)


OPERATIONS = (
    python("open, reading", "open('a.txt').read()", setup=TEXT, reads=("a.txt",)),
    python("open, reading outside", "open('../outside/a.txt').read()", setup=OUTSIDE, reads=("../outside/a.txt",)),
    python("open, reading by an absolute path", "import os\nopen(os.path.abspath('a.txt')).read()", setup=TEXT, reads=("a.txt",)),
    python("open, after os.chdir", "import os\nos.chdir('sub')\nopen('../a.txt').read()\nopen('b.txt', 'w').write('x')\nos.chdir('..')",
           setup=TEXT + "\nimport os; os.mkdir('sub')", reads=("a.txt",), writes=("sub/b.txt",)),
    python("open, writing", "with open('b.txt', 'w') as file: file.write('x')", writes=("b.txt",)),
    python("open, appending", "with open('a.txt', 'a') as file: file.write('x')", setup=TEXT, writes=("a.txt",)),
    python("open, changing in place", "with open('a.txt', 'r+') as file: file.write('X')", setup=TEXT, reads=("a.txt",), writes=("a.txt",)),
    python("open, writing and reading it again", "open('b.txt', 'w').write('x')\nopen('b.txt').read()", writes=("b.txt",)),
    python("open, of what is not there", "try: open('none.txt')\nexcept OSError: pass"),
    python("pathlib, reading", "from pathlib import Path\nPath('a.txt').read_text()", setup=TEXT, reads=("a.txt",)),
    python("pathlib, reading bytes outside", "from pathlib import Path\nPath('../outside/a.txt').read_bytes()", setup=OUTSIDE,
           reads=("../outside/a.txt",)),
    python("pathlib, writing", "from pathlib import Path\nPath('b.txt').write_text('x')", writes=("b.txt",)),
    python("pathlib, replacing", "from pathlib import Path\nPath('a.txt').replace('b.txt')", setup=TEXT, reads=("a.txt",),
           writes=("a.txt", "b.txt")),
    python("os.open", "import os\nfile = os.open('a.txt', os.O_RDONLY); os.read(file, 9); os.close(file)", setup=TEXT, reads=("a.txt",)),
    python("os.open, writing", "import os\nfile = os.open('b.txt', os.O_WRONLY | os.O_CREAT); os.write(file, b'x'); os.close(file)",
           writes=("b.txt",)),
    python("os.sendfile", "import os\na = os.open('a.txt', os.O_RDONLY); b = os.open('b.txt', os.O_WRONLY | os.O_CREAT)\n"
           "os.sendfile(b, a, 0, 4); os.close(a); os.close(b)", setup=TEXT, reads=("a.txt",), writes=("b.txt",)),
    python("os.copy_file_range", "import os\nwith open('a.txt', 'rb') as a, open('b.txt', 'wb') as b:\n"
           "    os.copy_file_range(a.fileno(), b.fileno(), 4)", setup=TEXT, reads=("a.txt",), writes=("b.txt",)),
    python("os.rename", "import os\nos.rename('a.txt', 'b.txt')", setup=TEXT, reads=("a.txt",), writes=("a.txt", "b.txt")),
    python("os.replace, of a file just written", "import os\nopen('b.tmp', 'w').write('x')\nos.replace('b.tmp', 'b.txt')", writes=("b.txt",)),
    python("os.link", "import os\nos.link('a.txt', 'b.txt')", setup=TEXT, reads=("a.txt",), writes=("b.txt",)),
    python("os.remove", "import os\nos.remove('a.txt')", setup=TEXT, writes=("a.txt",)),
    python("os.truncate", "import os\nos.truncate('a.txt', 3)", setup=TEXT, reads=("a.txt",), writes=("a.txt",)),
    python("io.open_code", "import io, os\nio.open_code(os.path.abspath('a.txt')).read()", setup=TEXT, reads=("a.txt",)),
    python("import of the user's own module", "import mine", setup="open('mine.py', 'w').write('x = 1')", reads=("mine.py",)),
    python("mmap, reading", "import mmap\nwith open('a.txt', 'rb') as file:\n    bytes(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))",
           setup=TEXT, reads=("a.txt",)),
    python("mmap, writing", "import mmap\nwith open('a.txt', 'r+b') as file:\n    m = mmap.mmap(file.fileno(), 0); m[0] = 65; m.close()",
           setup=TEXT, reads=("a.txt",), writes=("a.txt",)),
    python("shutil.copy", "import shutil\nshutil.copy('a.txt', 'b.txt')", setup=TEXT, reads=("a.txt",), writes=("b.txt",)),
    python("shutil.copy, from outside", "import shutil\nshutil.copy('../outside/a.txt', 'b.txt')", setup=OUTSIDE,
           reads=("../outside/a.txt",), writes=("b.txt",)),
    python("shutil.copytree", "import shutil\nshutil.copytree('one', 'two')",
           setup="import os; os.mkdir('one')\nfor n in 'ab': open(f'one/{n}', 'w').write(n)",
           reads=("one/a", "one/b"), writes=("two/a", "two/b")),
    python("shutil.move", "import shutil\nshutil.move('a.txt', 'b.txt')", setup=TEXT, reads=("a.txt",), writes=("a.txt", "b.txt")),
    python("shutil.rmtree", "import shutil\nshutil.rmtree('one')",
           setup="import os; os.mkdir('one')\nfor n in 'ab': open(f'one/{n}', 'w').write(n)", writes=("one/a", "one/b")),
    python("shutil.make_archive", "import shutil\nshutil.make_archive('b', 'zip', '.', 'one')",
           setup="import os; os.mkdir('one'); open('one/a', 'w').write('a')", reads=("one/a",), writes=("b.zip",)),
    python("csv.reader", "import csv\nlist(csv.reader(open('a.csv')))", setup=TABLE, reads=("a.csv",)),
    python("json.load", "import json\njson.load(open('a.json'))", setup="open('a.json', 'w').write('[1]')", reads=("a.json",)),
    python("json.dump", "import json\nwith open('b.json', 'w') as file: json.dump([1], file)", writes=("b.json",)),
    python("pickle.load", "import pickle\npickle.load(open('a.pkl', 'rb'))",
           setup="import pickle; pickle.dump([1], open('a.pkl', 'wb'))", reads=("a.pkl",)),
    python("pickle.dump", "import pickle\nwith open('b.pkl', 'wb') as file: pickle.dump([1], file)", writes=("b.pkl",)),
    python("dbm.dumb", "import dbm.dumb\nwith dbm.dumb.open('b', 'n') as base: base['a'] = '1'", writes=("b.bak", "b.dat", "b.dir")),
    python("gzip, reading outside", "import gzip\ngzip.open('../outside/a.gz').read()",
           setup="import gzip; gzip.open('../outside/a.gz', 'w').write(b'x')", reads=("../outside/a.gz",)),
    python("lzma, writing", "import lzma\nwith lzma.open('b.xz', 'w') as file: file.write(b'x')", writes=("b.xz",)),
    python("zipfile, extracting", "import zipfile\nzipfile.ZipFile('a.zip').extractall('out')",
           setup="import zipfile\nwith zipfile.ZipFile('a.zip', 'w') as file: file.writestr('in.txt', 'x')",
           reads=("a.zip",), writes=("out/in.txt",)),
    python("zipfile, writing", "import zipfile\nwith zipfile.ZipFile('b.zip', 'w') as file: file.write('a.txt')", setup=TEXT,
           reads=("a.txt",), writes=("b.zip",)),
    python("tarfile, writing", "import tarfile\nwith tarfile.open('b.tar.gz', 'w:gz') as file: file.add('a.txt')", setup=TEXT,
           reads=("a.txt",), writes=("b.tar.gz",)),
    python("tarfile, extracting from outside", "import tarfile\ntarfile.open('../outside/a.tar').extractall('out', filter='data')",
           setup=TEXT + "\nimport os, tarfile\nwith tarfile.open('../outside/a.tar', 'w') as file: file.add('a.txt')\nos.remove('a.txt')",
           reads=("../outside/a.tar",), writes=("out/a.txt",)),
    python("tempfile in the working folder", "import tempfile, os\nwith tempfile.NamedTemporaryFile('w', dir='.', delete=False) as file: file.write('x')\n"
           "os.replace(file.name, 'b.txt')", writes=("b.txt",)),
    python("tempfile elsewhere", "import tempfile\nwith tempfile.NamedTemporaryFile('w+') as file: file.write('x'); file.seek(0); file.read()"),
    python("urllib, of a file's address", "import urllib.request, os\nurllib.request.urlopen('file://' + os.path.abspath('a.txt')).read()",
           setup=TEXT, reads=("a.txt",)),
    python("logging to a file", "import logging\nlogging.basicConfig(filename='b.log', force=True)\nlogging.warning('x')\nlogging.shutdown()",
           writes=("b.log",)),
    python("configparser", "import configparser\nconfigparser.ConfigParser().read(['none.ini', 'a.ini'])",
           setup="open('a.ini', 'w').write('[a]\\nb = 1\\n')", reads=("a.ini",)),
    python("fileinput", "import fileinput\nlist(fileinput.input(['a.txt', '../outside/a.txt']))", setup=TEXT + "\n" + OUTSIDE,
           reads=("a.txt", "../outside/a.txt")),
    python("sqlite3, reading", "import sqlite3\nsqlite3.connect('a.db').execute('select * from t').fetchall()",
           setup=DATABASE.format("a.db"), reads=("a.db",)),
    python("sqlite3, reading outside, read only", "import sqlite3\nsqlite3.connect('file:../outside/a.db?mode=ro', uri=True).execute('select * from t').fetchall()",
           setup=DATABASE.format("../outside/a.db"), reads=("../outside/a.db",)),
    python("sqlite3, a new file", DATABASE.format("b.db"), writes=("b.db",)),
    python("sqlite3, changing", "import sqlite3\nwith sqlite3.connect('a.db') as base: base.execute('insert into t values (2)')\nbase.close()",
           setup=DATABASE.format("a.db"), reads=("a.db",), writes=("a.db",)),
    python("sqlite3, ATTACH of another file", "import sqlite3\nbase = sqlite3.connect('a.db')\nbase.execute(\"ATTACH 'c.db' AS other\")\n"
           "base.execute('select * from other.t').fetchall()\nbase.close()",
           setup=DATABASE.format("a.db") + DATABASE.format("c.db"), reads=("a.db", "c.db")),
    python("sqlite3, ATTACH of a new file", "import sqlite3\nbase = sqlite3.connect('a.db')\nbase.execute(\"ATTACH DATABASE 'b.db' AS other\")\n"
           "base.execute('create table other.u as select * from t')\nbase.commit(); base.close()",
           setup=DATABASE.format("a.db"), reads=("a.db",), writes=("b.db",)),
    python("sqlite3, backup", "import sqlite3\na, b = sqlite3.connect('a.db'), sqlite3.connect('b.db')\na.backup(b)\na.close(); b.close()",
           setup=DATABASE.format("a.db"), reads=("a.db",), writes=("b.db",)),
    python("ctypes, writing by C code alone", "import ctypes\nc = ctypes.CDLL(None)\nc.fopen.restype = ctypes.c_void_p\nfile = c.fopen(b'b.bin', b'w')\n"
           "c.fwrite(bytes(1_000_000), 1, 1_000_000, ctypes.c_void_p(file))\nc.fclose(ctypes.c_void_p(file))", writes=("b.bin",)),
    python("ctypes, reading by C code alone", "import ctypes\nc = ctypes.CDLL(None)\nc.fopen.restype = ctypes.c_void_p\nfile = c.fopen(b'a.txt', b'r')\n"
           "c.fclose(ctypes.c_void_p(file))", setup=TEXT, reads=("a.txt",), missed=WITHOUT_A_TRACE),
)  # fmt: skip
