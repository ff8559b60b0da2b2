"""Twenty known secrets through every door of a kernel and a script: not one byte of them reaches the disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Iterator
from urllib.parse import quote

from tests.executors.history import History
from tests.tracking.kernel_driver import TIMEOUT_S, Kernel

ENVIRONMENT = {
    "OPENAI_API_KEY": "sk-proj-4f9a8b7c6d5e", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfi",
    "DB_PASSWORD": "pa$$ \"w\\ord'9",
    "HF_TOKEN": "hf_QwErTyUiOpAsDf", "SLACK_TOKEN": "xoxb-123-ünïcode-🦆",
    "GITHUB_PAT": "ghp_0a1b2c3d4e5f6a7b", "SENTRY_DSN": "s3ntry-dsn-value",
    "DATABASE_URL": "postgresql://u:dbpass-77-xyz@db:5432/x", "PRIVATE_KEY": "-----BEGIN-x9y8z7-----",
    "STRIPE_SECRET": "sk_live_51Habc",
}
DOTENV = {
    "MAIL_PASSWORD": "mail-Passw0rd-1", "JWT_SECRET": "jwt.secret.value.2", "AZURE_CLIENT_SECRET": "az~3.secret_value",
    "API_TOKEN": "tok=4=equal=signs",
    "REDIS_PASSWORD": "redis-5-Zx", "VAULT_TOKEN": "hvs.6CAESIJ",
}
TYPED = ("typed-into-getpass-1", "typed twice, with spaces")
ASSIGNED = {"LATE_API_KEY": "late-key-in-the-source-8", "SET_SECRET_TOKEN": "percent-env-token-9"}
SECRETS = [
    *(value if "://" not in value else "dbpass-77-xyz" for value in ENVIRONMENT.values()),
    *DOTENV.values(), *TYPED, *ASSIGNED.values(),
]

CELLS = (
    "import os, getpass, sys, time, dotscience_jlab as ds\nvalues = {known!r}",
    "import os\nos.environ['LATE_API_KEY'] = 'late-key-in-the-source-8'\nvalues.append(os.environ['LATE_API_KEY'])",
    "%env SET_SECRET_TOKEN=percent-env-token-9\nvalues.append(os.environ['SET_SECRET_TOKEN'])",
    "for value in values:\n    print('printed', value); print(value, file=sys.stderr)",
    "for value in values:\n    for letter in value:\n"
    "        sys.stdout.write(letter); sys.stdout.flush(); time.sleep(0.002)\n    print()",
    "values",
    "from IPython.display import HTML, display\nfor value in values: display(HTML(f'<b>{{value}}</b>'), metadata={{'k': value}})",
    "raise ValueError(f'no access with {{values}}')",
    "def deep(value):\n    assert not value, value\ndeep('|'.join(values))",
    "ds.start(' '.join(values))\nfor n, value in enumerate(values):\n"
    "    ds.parameter(f'p{{n}}', value); ds.label(value, value); ds.summary(f's{{n}}', 'x' + value); ds.metric(f'm{{n}}', value)",
    "ds.text('note', '\\n'.join(values)); ds.set_error(values[0]); ds.publish(values[1])",
    "open('.env').read()",
    "dict(os.environ)",
    "!echo $OPENAI_API_KEY $DB_PASSWORD; cat .env",
    "print(__import__('urllib.parse').parse.quote(values[2], safe=''), repr(values[2]), __import__('json').dumps(values[2]))",
)


def test_twenty_secrets_leave_no_trace(project: Path, own_home: Path) -> None:
    assert len(SECRETS) == 20
    (project / ".env").write_text("".join(f"{name}={value}\n" for name, value in DOTENV.items()), encoding="utf-8")
    kernel = Kernel(own_home, project, env={**ENVIRONMENT, "JPY_SESSION_NAME": str(project / "secret.ipynb")})
    known = [value for value in SECRETS if value not in (*TYPED, *ASSIGNED.values())]
    kernel.run(CELLS[0].format(known=known), cell_id="c0")
    for number, typed in enumerate(TYPED):
        asked = kernel.send("values.append(getpass.getpass('? '))", cell_id=f"typed{number}", allow_stdin=True)
        kernel.client.get_stdin_msg(timeout=TIMEOUT_S)
        kernel.client.input(typed)
        kernel.wait(asked)
    for number, source in enumerate(CELLS[1:], 1):
        kernel.run(source.format(), cell_id=f"c{number}", stop_on_error=False)
    assert "len 20" in kernel.run("print('len', len(values))", cell_id="last").text()

    n_cells = len(CELLS) + len(TYPED) + 1
    history = History(project)
    found = history.executions(n_cells)
    assert len(found) == n_cells and "«secret:OPENAI_API_KEY»" in found[5]["outputs_text"]
    assert leaks(project, own_home) == []
    kernel.close()
    history.at_rest()
    assert leaks(project, own_home) == []
    assert ".env" not in {each["path"] for each in history.ask("snapshots.tree", snapshot=found[-1]["snapshot"])["items"]}


def test_secrets_on_a_scripts_command_line_leave_no_trace(project: Path, own_home: Path) -> None:
    (project / ".env").write_text("".join(f"{name}={value}\n" for name, value in DOTENV.items()), encoding="utf-8")
    (project / "train.py").write_text(
        "import sys, subprocess, dotscience_jlab as ds\nds.parameter('argv', ' '.join(sys.argv))\nprint(sys.argv)\n"
        "subprocess.run(['true', *sys.argv[1:]])\n"
        "for value in sys.argv[1:]: ds.parameter('v', value)\nraise ValueError(' '.join(sys.argv))\n"
    )
    known = [value for value in SECRETS if value not in (*TYPED, *ASSIGNED.values())]
    for words in (["-m", "dotscience_jlab.cli", "run", "train.py"], ["train.py"]):
        environ = {**os.environ, **ENVIRONMENT}
        subprocess.run([sys.executable, *words, *known], cwd=project, env=environ, capture_output=True)
    found = History(project).executions(2)
    assert [each["outcome"] for each in found] == ["error", "error"]
    assert leaks(project, own_home) == []


def leaks(project: Path, home: Path) -> list[tuple[str, str]]:
    """(secret, where): over every file of history, spool and log, git's objects unpacked, in each usual spelling."""
    spellings = {spelt.encode("utf-8"): value for value in SECRETS
                 for spelt in (value, json.dumps(value)[1:-1], repr(value)[1:-1], quote(value, safe=""))}
    return [(value, where) for where, data in kept_bytes(project, home) for spelt, value in spellings.items() if spelt in data]


def kept_bytes(project: Path, home: Path) -> Iterator[tuple[str, bytes]]:
    store = project / ".dotscience" / "store.git"
    words = ["git", "-C", str(store), "cat-file", "--batch", "--batch-all-objects"]
    objects = subprocess.run(words, capture_output=True, check=True)
    assert len(objects.stdout) > 1000
    yield "objects", objects.stdout
    for folder in (project / ".dotscience", home / "data", home / "runtime"):
        for path in folder.rglob("*"):
            if path.is_file():
                yield str(path), path.read_bytes()
