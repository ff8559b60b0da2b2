"""A remote: another place that keeps this history, an ordinary git repository; and what its address may be.

    /media/usb/churn.git     file:///media/usb/churn.git     a bare repository over a path
    ann@host:churn.git       ssh://ann@host:22/churn.git     SSH (git+ssh:// too); the user's own ssh speaks
    https://host/churn.git   http://…                        HTTP; passwords come from git's credential helpers or netrc

The address is stored and shown, so it never holds a secret; and git gets it, so it never holds an option or a command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Dict, Optional
from urllib.parse import urlsplit

from ..errors import InvalidRequest

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
LINE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
SCHEMES = ("file", "ssh", "git+ssh", "ssh+git", "http", "https")
MAX_URL = 2000

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_HELPER = re.compile(r"[A-Za-z0-9+.-]+::")
"""`ext::sh -c …`: git would run a program of that name."""
_SCP_LIKE = re.compile(r"(?:([^/@:\s]+)@)?(\[[^/@\s\]]+\]|[^/@:\s\[]+):(.+)", re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*|\[[0-9A-Fa-f:.]+\]")
_PORT = re.compile(r":\d*$")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")


@dataclass(frozen=True)
class Remote:
    name: str
    url: str
    is_unscanned_allowed: bool = False
    """The user's word that what was never searched for secrets may be sent there."""
    keeps_copy: bool = False
    """The recorder pushes there by itself when the folder is idle."""
    main_as: str = "main"
    """What this folder's line `main` is called there; another folder's line may have that name."""
    replaces: Dict[str, str] = field(default_factory=dict)
    """Its refs that held bytes which were purged here since: ref -> commit, where all of it was here. A push may replace that."""


SAME, AHEAD, BEHIND, DIVERGED, ONLY_HERE, ONLY_THERE, REWRITTEN = (
    "same", "ahead", "behind", "diverged", "only_here", "only_there", "rewritten"
)


@dataclass(frozen=True)
class LineState:
    """How a line of this folder and the one it belongs to at a remote stand to each other, as last asked."""

    line: str
    """'main'; '' if only the remote has it."""
    remote_line: str
    """'origin:main': what restore, fork, diff and show take for its newest snapshot."""
    state: str
    """same | ahead (to push) | behind | diverged | only_here | only_there | rewritten (here, since the last push)"""
    n_ahead: int = 0
    n_behind: int = 0


def checked_remote(remote: Remote) -> Remote:
    """`remote` itself; InvalidRequest says what is wrong with it. Asked at every use: settings may have been edited."""
    if not isinstance(remote.name, str) or not NAME.fullmatch(remote.name):
        raise InvalidRequest(f"{remote.name!r} cannot name a remote.", "Take letters, digits, - and _, at most 40.")
    if not isinstance(remote.main_as, str) or not LINE_NAME.fullmatch(remote.main_as):
        raise InvalidRequest(f"{remote.main_as!r} cannot name a line.", "Take letters, digits, - and _, at most 100.")
    checked_url(remote.url)
    return remote


def checked_url(url: str) -> str:
    """`url` itself if git may have it, as one of the forms above (a path is absolute). InvalidRequest otherwise."""
    if not isinstance(url, str) or not url or len(url) > MAX_URL or not url.isprintable() or url != url.strip():
        raise InvalidRequest("The address of a remote is one line of text.", "A path, ssh://…, user@host:path or https://….")
    if url.startswith("-") or _HELPER.match(url):
        raise InvalidRequest(f"{url!r} would make git run a program; it is not an address.", "Take a path, ssh:// or https://.")
    if url.startswith("/"):
        return url
    scheme = _SCHEME.match(url)
    if scheme:
        return _checked_scheme(url, scheme[1].lower())
    scp_like = _SCP_LIKE.fullmatch(url)
    if scp_like is None:
        raise InvalidRequest(f"{url!r} is not an address.", "Take an absolute path, ssh://…, user@host:path or https://….")
    user, host, path = scp_like.groups()
    _check_ssh(url, user, host, path)
    return url


def disk_path_of(url: str) -> Optional[str]:
    """'/media/usb/x.git', 'file:///media/usb/x.git' -> '/media/usb/x.git'; what lies elsewhere -> None."""
    if url.startswith("/"):
        return url
    return urlsplit(url).path if url.lower().startswith("file://") else None


def _checked_scheme(url: str, scheme: str) -> str:
    if scheme not in SCHEMES:
        raise InvalidRequest(f"Addresses with {scheme}:// are not used.", "Take a path, ssh://…, http://… or https://….")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidRequest(f"{url!r} is not an address: {error}.") from error
    if parts.password is not None or (scheme.startswith("http") and "@" in parts.netloc):
        raise InvalidRequest(
            "An address with a user name or password in it is not stored.",
            "Leave it out; git asks its credential helper or ~/.netrc for it.",
        )
    if parts.query or parts.fragment:
        raise InvalidRequest("An address with ? or # in it is not stored: such parts often are secrets.", "Leave them out.")
    if scheme == "file":
        if parts.netloc or not parts.path.startswith("/"):
            raise InvalidRequest(f"{url!r} names no folder of this computer.", "It reads file:///folder/name.git.")
    elif scheme.startswith("http"):
        if not host or not _HOST.fullmatch(host if ":" not in host else f"[{host}]"):
            raise InvalidRequest(f"{url!r} names no host.")
    else:
        _check_ssh(url, parts.username, _PORT.sub("", parts.netloc.rpartition("@")[2]), parts.path)
    return url


def _check_ssh(url: str, user: Optional[str], host: str, path: str) -> None:
    """ssh takes a host or user that begins with `-` for an option, such as one that runs a program."""
    if not _HOST.fullmatch(host or "") or (user is not None and not _USER.fullmatch(user)):
        raise InvalidRequest(f"{url!r} is not an address: ssh would not take its host or user for a name.")
    if not path or path.startswith("-"):
        raise InvalidRequest(f"{url!r} is not an address: it names no repository.")
