"""Child processes: forked and spawned workers, Python programs, other programs."""

from __future__ import annotations

from ..child_python import child_python
from ..operation import Operation

TEXT = "open('a.txt', 'w').write('b\\na\\n')\n"
WORK = TEXT + (
    "open('work.py', 'w').write('''\n"
    "def copy(source, target):\n"
    "    with open(source) as a, open(target, 'w') as b: b.write(a.read())\n"
    "''')\n"
)
SCRIPT = TEXT + (
    "open('copy_it.py', 'w').write('''\n"
    "import sys\n"
    "with open(\"a.txt\") as a, open(\"b.txt\", \"w\") as b: b.write(a.read())\n"
    "''')\n"
)
LOGGING = TEXT + (
    "open('log_it.py', 'w').write('''\n"
    "import dotscience_jlab as ds\n"
    "ds.log({\"rows\": 2})\n"
    "open(\"b.txt\", \"w\").write(open(\"a.txt\").read())\n"
    "''')\n"
)
MAIN = "import multiprocessing, work\n"
COPY = "def copy(source, target):\n    with open(source) as a, open(target, 'w') as b: b.write(a.read())\n"
BOTH = {"reads": ("a.txt",), "writes": ("b.txt",)}
IN_A_MODULE = {"setup": WORK, "reads": ("a.txt", "work.py"), "writes": ("b.txt",)}
BY_A_SCRIPT = {"setup": SCRIPT, "reads": ("a.txt", "copy_it.py"), "writes": ("b.txt",), "surroundings": child_python}
WITH_RECORDER = (
    "import subprocess, time\nfrom dotscience_jlab.settings import load_settings\n"
    "while not load_settings().socket_path.exists(): time.sleep(0.05)\n"
)
"""It is this cell that starts it."""
PYTHON = "import os, subprocess\npython = os.environ['PYTHON']\n"


def worker(name: str, library: str, act: str, **more: object) -> Operation:
    return Operation(name, library, act, **{"setup": TEXT, "needs_kernel": True, **BOTH, **more})  # type: ignore[arg-type]


OPERATIONS = (
    worker("os.fork", "multiprocessing", COPY + "import os\npid = os.fork()\n"
           "if pid == 0:\n    copy('a.txt', 'b.txt'); os._exit(0)\nos.waitpid(pid, 0)"),
    worker("Process, forked", "multiprocessing", COPY + "import multiprocessing\ncontext = multiprocessing.get_context('fork')\n"
           "process = context.Process(target=copy, args=('a.txt', 'b.txt')); process.start(); process.join()"),
    worker("Pool, forked", "multiprocessing", COPY + "import multiprocessing\n"
           "with multiprocessing.get_context('fork').Pool(2) as pool: pool.starmap(copy, [('a.txt', 'b.txt')])"),
    worker("Process, spawned", "multiprocessing", MAIN + "context = multiprocessing.get_context('spawn')\nif __name__ == '__main__':\n"
           "    process = context.Process(target=work.copy, args=('a.txt', 'b.txt')); process.start(); process.join()", **IN_A_MODULE),
    worker("Process of a fork server", "multiprocessing", MAIN + "context = multiprocessing.get_context('forkserver')\nif __name__ == '__main__':\n"
           "    process = context.Process(target=work.copy, args=('a.txt', 'b.txt')); process.start(); process.join()", **IN_A_MODULE),
    worker("ProcessPoolExecutor", "concurrent.futures", COPY + "import concurrent.futures\n"
           "with concurrent.futures.ProcessPoolExecutor(2) as pool: pool.submit(copy, 'a.txt', 'b.txt').result()"),
    worker("ProcessPoolExecutor, spawned", "concurrent.futures", MAIN + "import concurrent.futures\nif __name__ == '__main__':\n"
           "    with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context('spawn')) as pool:\n"
           "        pool.submit(work.copy, 'a.txt', 'b.txt').result()", **IN_A_MODULE),
    worker("Parallel", "joblib", COPY + "import joblib\n"
           "joblib.Parallel(n_jobs=2)(joblib.delayed(copy)(*each) for each in [('a.txt', 'b.txt'), ('a.txt', 'c.txt')])",
           writes=("b.txt", "c.txt")),
    worker("DataLoader with workers", "torch", "import torch\n"
           "class Lines(torch.utils.data.Dataset):\n"
           "    def __len__(self): return 2\n"
           "    def __getitem__(self, n): return open('a.txt').readlines()[n]\n"
           "list(torch.utils.data.DataLoader(Lines(), num_workers=2))", writes=()),
    worker("a Python script", "subprocess", PYTHON + "subprocess.run([python, 'copy_it.py'], check=True)", **BY_A_SCRIPT),
    worker("a Python script, by a shell", "IPython", "!$PYTHON copy_it.py", **BY_A_SCRIPT),
    worker("a Python script, with an environment of its own", "subprocess",
           PYTHON + "subprocess.run([python, 'copy_it.py'], env={**os.environ, 'MORE': '1'}, check=True)", **BY_A_SCRIPT),
    worker("a Python script that a Python script starts", "subprocess",
           PYTHON + "code = \"import subprocess, sys; subprocess.run([sys.executable, 'copy_it.py'])\"\n"
           "subprocess.run([python, '-c', code], check=True)", **BY_A_SCRIPT),
    worker("a Python script that imports pandas", "subprocess",
           PYTHON + "code = \"import pandas; pandas.read_csv('a.txt').to_parquet('b.parquet')\"\n"
           "subprocess.run([python, '-c', code], check=True)",
           setup=TEXT, reads=("a.txt",), writes=("b.parquet",), surroundings=child_python),
    worker("a Python script that logs values", "subprocess", PYTHON + "subprocess.run([python, 'log_it.py'], check=True)",
           setup=LOGGING, reads=("a.txt", "log_it.py"), surroundings=child_python),
    worker("a program that asks for its version", "subprocess",
           PYTHON + "subprocess.run([python, '-m', 'pip', '--version'], check=True)",
           setup="", reads=(), writes=(), surroundings=child_python),
    worker("sort", "subprocess", "import subprocess\nsubprocess.run(['sort', '-o', 'b.txt', 'a.txt'], check=True)"),
    worker("sort, in another folder", "subprocess",
           "import subprocess\nsubprocess.run(['sort', '-o', '../b.txt', 'a.txt'], cwd='in', check=True)",
           setup="import os\nos.mkdir('in'); open('in/a.txt', 'w').write('b\\na\\n')", reads=("in/a.txt",)),
    worker("cp over a file that is there", "subprocess", "import subprocess\nsubprocess.run(['cp', 'a.txt', 'b.txt'], check=True)",
           setup=TEXT + "open('b.txt', 'w').write('old')"),
    worker("sort, sent to a file", "IPython", "!sort a.txt | uniq > b.txt", setup=TEXT + "open('b.txt', 'w').write('old')"),
    worker("%%bash", "IPython", "%%bash\nset -e\nsort < a.txt > b.txt", setup=TEXT),
    worker("programs that do not write what they name", "subprocess",
           "import subprocess\nsubprocess.run('rm -f none.txt; test -e a.txt -o b.txt; sort -o c.txt none.txt; ls a.txt', shell=True)",
           setup=TEXT + "open('c.txt', 'w').write('old')\nimport time; time.sleep(0.1)", reads=(), writes=()),
    worker("os.system", "standard library", "import os\nos.system('sort a.txt -o b.txt')"),
    worker("a shell script that holds a file open", "subprocess", WITH_RECORDER + "subprocess.run(['sh', 'hold.sh'], check=True)",
           setup=TEXT + "open('hold.sh', 'w').write('exec 3< a.txt 4> b.txt\\nsleep 3\\ncat <&3 >&4\\n')",
           reads=("a.txt", "hold.sh")),
)
