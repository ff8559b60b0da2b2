"""Where things lie and what is allowed: the one reader of the environment, once, into one frozen record.

Standard library only: a kernel reads it too. Folders follow Jupyter's own rules (Source: jupyter_core.paths),
repeated here because a plain `python script.py` must find the recorder without importing jupyter_core.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

MAX_SOCKET_PATH_BYTES = 100
"""A Unix socket's path holds 108 bytes on Linux, 104 on macOS; a longer one is replaced by a short alias."""


SERVER_SETTINGS = "DOTSCIENCE_SERVER_SETTINGS"
"""Environment variable by which a Jupyter server hands `c.Dotscience.*` to its kernels and to the recorder it starts:
JSON of the settings files' shape, weaker than what the administrator's file locks, stronger than the user's file."""


@dataclass(frozen=True)
class Limits:
    """What is kept, by default (architecture §6). All sizes in bytes."""

    small_file_bytes: int = 1_000_000
    """Every file up to this size under the root is kept."""
    touched_file_bytes: int = 2_147_483_648
    """A file that a cell read or wrote is kept up to this size; larger ones by fingerprint only."""
    n_files: int = 20_000
    data_bytes: int = 5_000_000_000
    """Copying of data stops when the store holds this much; code, outputs and records go on."""
    free_bytes: int = 2_000_000_000
    free_share: float = 0.05
    """Copying of data stops below max(free_bytes, free_share of the disk) of free space."""
    output_bytes: int = 10_000_000
    """Outputs of one execution beyond this are cut, and the entry says so."""


@dataclass(frozen=True)
class Settings:
    data_dir: Path
    """`<jupyter data>/dotscience`: spool, stores of folders that cannot hold one, registry of workspaces, log."""
    runtime_dir: Path
    """`<jupyter runtime>`: holds the recorder's socket."""
    home: Path
    user: str = ""
    """Who acts, for the records of pins and forgetting; '' where the system names nobody."""
    is_disabled: bool = False
    disabled_by: str = ""
    mode: str = "on"
    """on | ask | off; an administrator may lock it (`is_mode_locked`)."""
    is_mode_locked: bool = False
    root_hint: Optional[str] = None
    """$DOTSCIENCE_PROJECT_DOT_ROOT: rules only the paths printed in the old marker."""
    notebook_hint: Optional[str] = None
    """Absolute path of the notebook this process runs, as told at its start: $DOTSCIENCE_NOTEBOOK (set by `ds run`), else
    $JPY_SESSION_NAME (set by Jupyter) where it names a notebook. Goes stale when the notebook is renamed."""
    is_console: bool = False
    """$JPY_SESSION_NAME is set and names no notebook: a console's kernel."""
    script_hint: Optional[str] = None
    """$DOTSCIENCE_SCRIPT: the script that `ds run` runs, where that is not the interpreter's own argument."""
    workload_type: str = ""
    """$DOTSCIENCE_WORKLOAD_TYPE: jupyter | command; the original library's hint for what published runs come from."""
    ssh_agent: Optional[str] = None
    """$SSH_AUTH_SOCK: told with a push or pull, because the recorder may have been started where no agent was."""
    autolog: str = ""
    """Which libraries are listened to: '' or 'on' all, 'off' none, 'sklearn,keras' these, '-mlflow' all but this one.
    $DOTSCIENCE_AUTOLOG, else `autolog` of the settings files."""
    ack_wait_s: float = 0.2
    limits: Limits = Limits()
    recorder_idle_s: float = 60.0
    """The recorder leaves this long after its last client."""
    checkpoint_every_s: float = 600.0
    """While a cell runs what it writes is kept this often; 0: only when it ends, or `ds.checkpoint()` asks for it."""
    debug: bool = False

    @property
    def spool_dir(self) -> Path:
        return self.data_dir / "spool"

    @property
    def node(self) -> str:
        """This computer's, or container's, name among those that share the home."""
        return node_name()

    @property
    def socket_path(self) -> Path:
        """One recorder per user, host and data folder: a home may be mounted on several hosts, and no socket leads to another.

        A path too long for a socket gets a short, stable alias in the temporary folder (mode 0700, owner checked on use).
        """
        path = self.runtime_dir / f"dotscience-recorder-{self.node}.sock"
        if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES:
            return path
        import hashlib
        import tempfile  # both late: seldom needed, and a kernel's start counts milliseconds

        alias = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"dotscience-{_uid()}" / f"{alias}.sock"

    @property
    def log_path(self) -> Path:
        return self.data_dir / "recorder.log"


def load_settings(environ: Optional[Mapping[str, str]] = None) -> Settings:
    """Read environment and the settings files; never raises for a bad file, an unreadable one is as if absent.

    Files, later wins: `<prefix>/etc/dotscience/settings.json` (an administrator's; keys listed in its `locked`
    cannot be changed later), then `<data_dir>/settings.json` (the user's), then what the Jupyter server was configured with.
    """
    env = os.environ if environ is None else environ
    home = Path(env.get("HOME") or os.path.expanduser("~"))
    data_home = _jupyter_data_dir(env, home)
    data_dir = data_home / "dotscience"
    runtime_dir = Path(env["JUPYTER_RUNTIME_DIR"]) if env.get("JUPYTER_RUNTIME_DIR") else data_home / "runtime"
    settings = Settings(
        data_dir=data_dir,
        runtime_dir=runtime_dir,
        home=home,
        user=env.get("USER") or env.get("LOGNAME") or "",
        root_hint=env.get("DOTSCIENCE_PROJECT_DOT_ROOT") or None,
        notebook_hint=_notebook_hint(env),
        is_console=bool(env.get("JPY_SESSION_NAME")) and not env["JPY_SESSION_NAME"].endswith(".ipynb"),
        script_hint=env.get("DOTSCIENCE_SCRIPT") or None,
        workload_type=env.get("DOTSCIENCE_WORKLOAD_TYPE", ""),
        ssh_agent=env.get("SSH_AUTH_SOCK") or None,
        debug=bool(env.get("DOTSCIENCE_DEBUG")),
    )
    if env.get("DOTSCIENCE_RECORDER_IDLE_S"):
        settings = replace(settings, recorder_idle_s=float(env["DOTSCIENCE_RECORDER_IDLE_S"]))
    administrator = _read_json(Path(sys.prefix) / "etc" / "dotscience" / "settings.json")
    user = _read_json(data_dir / "settings.json")
    locked = set(administrator.get("locked", ()))
    chosen = {**administrator, **{key: value for key, value in user.items() if key not in locked}}
    server = _parse_object(env.get(SERVER_SETTINGS, ""))
    chosen.update({key: value for key, value in server.items() if key not in locked})
    locked |= set(server.get("locked", ()))
    settings = replace(settings, autolog=_autolog(env, chosen, is_locked="autolog" in locked))
    settings = _apply(settings, chosen, is_mode_locked="mode" in locked)
    if env.get("DOTSCIENCE_DISABLE", "").strip().lower() not in ("", "0", "false", "no"):
        return replace(settings, is_disabled=True, disabled_by="DOTSCIENCE_DISABLE is set in the environment")
    if settings.mode == "off":
        who = "the administrator" if "mode" in locked else "`ds off`"
        return replace(settings, is_disabled=True, disabled_by=f"recording was switched off by {who}")
    return settings


def node_name() -> str:
    return os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")


def save_user_setting(settings: Settings, name: str, value: Any) -> None:
    """Write one key of the user's settings file, whole or not at all."""
    path = settings.data_dir / "settings.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    merged = {**_read_json(path), name: value}
    draft = path.with_name(f"settings.json.{os.getpid()}")
    draft.write_text(json.dumps(merged, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, path)


def _apply(settings: Settings, chosen: Mapping[str, Any], *, is_mode_locked: bool) -> Settings:
    known_limits = {
        name: type(getattr(Limits, name))(value)
        for name, value in (chosen.get("limits") or {}).items()
        if name in Limits.__dataclass_fields__ and isinstance(value, (int, float)) and value >= 0
    }
    mode = chosen.get("mode", "on")
    idle_s = chosen.get("recorder_idle_s")
    if isinstance(idle_s, (int, float)) and idle_s >= 0:
        settings = replace(settings, recorder_idle_s=float(idle_s))
    checkpoint_every_s = chosen.get("checkpoint_every_s")
    if isinstance(checkpoint_every_s, (int, float)) and checkpoint_every_s >= 0:
        settings = replace(settings, checkpoint_every_s=float(checkpoint_every_s))
    return replace(
        settings,
        limits=replace(settings.limits, **known_limits),
        mode=mode if mode in ("on", "ask", "off") else "on",
        is_mode_locked=is_mode_locked,
    )


def _notebook_hint(env: Mapping[str, str]) -> Optional[str]:
    told = env.get("DOTSCIENCE_NOTEBOOK") or env.get("JPY_SESSION_NAME") or ""
    return os.path.abspath(told) if told.endswith(".ipynb") else None


def _autolog(env: Mapping[str, str], chosen: Mapping[str, Any], *, is_locked: bool) -> str:
    """A list or a switch in a file is the text of it: ['sklearn'] -> 'sklearn', false -> 'false'."""
    kept = chosen.get("autolog", "")
    text = ",".join(map(str, kept)) if isinstance(kept, list) else str(kept)
    return text if is_locked else env.get("DOTSCIENCE_AUTOLOG", text)


def _jupyter_data_dir(env: Mapping[str, str], home: Path) -> Path:
    if env.get("JUPYTER_DATA_DIR"):
        return Path(env["JUPYTER_DATA_DIR"])
    if sys.platform == "darwin":
        return home / "Library" / "Jupyter"
    if os.name == "nt":
        return Path(env.get("APPDATA") or home) / "jupyter"
    return Path(env.get("XDG_DATA_HOME") or home / ".local" / "share") / "jupyter"


def _read_json(path: Path) -> Dict[str, Any]:
    try:
        return _parse_object(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _parse_object(text: str) -> Dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _uid() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else "user"
