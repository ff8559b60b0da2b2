"""Addresses of remotes: what git may be handed, and what would be a secret, an option or a command."""

from __future__ import annotations

import pytest

from dotscience_jlab.errors import InvalidRequest
from dotscience_jlab.model.codec import from_json, to_json
from dotscience_jlab.model.remote import Remote, checked_remote, checked_url, disk_path_of
from dotscience_jlab.model.workspace import Workspace


@pytest.mark.parametrize("url", [
    "/media/usb/churn.git", "/media/with blank/ünï.git", "file:///media/usb/churn.git", "ann@host:churn.git",
    "host:/srv/churn.git",
    "ssh://ann@host/churn.git", "ssh://host:2222/~/churn.git", "git+ssh://ann@host/churn.git", "ssh://ann@[::1]:22/x.git",
    "http://host/churn.git", "https://host.example.org:8443/team/churn.git", "ann@[::1]:churn.git",
])
def test_an_address(url: str) -> None:
    assert checked_url(url) == url


@pytest.mark.parametrize("url, told", [
    ("", "one line"), ("a\nb", "one line"), (" /x", "one line"), ("/x\0", "one line"), ("x" * 3000, "one line"),
    ("--upload-pack=touch /tmp/x", "run a program"), ("-oProxyCommand=x", "run a program"),
    ("ext::sh -c touch% /tmp/x", "run a program"), ("fd::17", "run a program"), ("https::x", "run a program"),
    ("git://host/x.git", "not used"), ("ftp://host/x", "not used"), ("javascript://x", "not used"), ("ext://x", "not used"),
    ("ssh://-oProxyCommand=x/y", "would not take"), ("-oProxyCommand=x:y", "run a program"),
    ("a@-oProxyCommand=x:y", "would not take"),
    ("ssh://-x@host/y", "would not take"), ("-x@host:y", "run a program"), ("ssh://host;id/x", "would not take"),
    ("host:-x", "names no repository"), ("ssh://host", "names no repository"),
    ("https://ann:secret@host/x", "password"), ("https://token@host/x", "password"), ("ssh://ann:secret@host/x", "password"),
    ("https://host/x?private_token=1", "often are secrets"), ("https://host/x#y", "often are secrets"),
    ("http:///x", "no host"), ("http://-x/y", "no host"), ("http://[::1/x", "not an address"),
    ("ssh://host:port/x", "not an address"),
    ("file://host/x", "no folder"), ("relative/path.git", "not an address"), ("../x.git", "not an address"),
    ("~/x.git", "not an address"),
])
def test_not_an_address(url: str, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told) as failure:
        checked_url(url)
    assert "secret@" not in str(failure.value) and "token@" not in str(failure.value)


@pytest.mark.parametrize("fields", [
    {"name": ""}, {"name": "-x"}, {"name": "a/b"}, {"name": "a:b"}, {"name": ".."}, {"name": "x" * 41}, {"name": 7},
    {"main_as": "a/../b"}, {"main_as": ""}, {"main_as": "-f"}, {"main_as": "a:b"}, {"url": "ext::x"}])
def test_a_remote_is_checked_whole(fields: dict) -> None:
    with pytest.raises(InvalidRequest):
        checked_remote(Remote(**{"name": "origin", "url": "/x.git", **fields}))


def test_remotes_are_kept_with_the_workspace() -> None:
    workspace = Workspace("w-1", "at", remotes=(Remote("origin", "/x.git", keeps_copy=True),))  # type: ignore[arg-type]
    assert from_json(Workspace, to_json(workspace)) == workspace
    assert from_json(Workspace, {"id": "w-1", "created_at": "at"}).remotes == ()


@pytest.mark.parametrize("url, path", [
    ("/a/b.git", "/a/b.git"), ("file:///a/b.git", "/a/b.git"), ("host:/a", None), ("https://h/a", None)])
def test_the_folder_of_an_address(url: str, path: str | None) -> None:
    assert disk_path_of(url) == path
