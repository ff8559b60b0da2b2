"""Who may ask, from where, and which paths: Jupyter's own rules hold for our routes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tornado.httpclient import HTTPClientError

from dotscience_jlab.errors import DotscienceError, UnsafePath
from dotscience_jlab.server.operations import OPERATIONS, Operation
from dotscience_jlab.server.paths import ContentsPaths

from .conftest import API

PARTS = {"workspace": "w-0000000000000000", "execution": "k-0000000000000000:m", "run": "1", "snapshot": "s-1", "after": "s-1",
         "digest": "0" * 40, "session": "k-0000000000000000"}


def address(operation: Operation) -> list[str]:
    return [part.format(**PARTS) if "{" in part else part for part in operation.path.split("/")]


async def code_of(request: Any) -> int:
    try:
        return (await request).code
    except HTTPClientError as error:
        return error.code


async def test_nothing_answers_without_a_token(jp_fetch: Any) -> None:
    for operation in OPERATIONS:
        code = await code_of(
            jp_fetch(
                *API, *address(operation), method=operation.verb, headers={"Authorization": ""},
                body=None if operation.body is None else "{}", allow_nonstandard_methods=True,
            )
        )
        assert code in (401, 403), operation


async def test_the_document_needs_a_token_too(jp_fetch: Any) -> None:
    assert await code_of(jp_fetch(*API, "openapi.json", headers={"Authorization": ""})) == 403


async def cookies_of_a_login(jp_serverapp: Any, http_server_client: Any, jp_base_url: str) -> dict[str, str]:
    """As a browser gets them: the form's page gives the _xsrf cookie, the form with the token gives the login cookie."""
    page = await http_server_client.fetch(f"{jp_base_url}login")
    cookies = dict(one.split(";")[0].split("=", 1) for one in page.headers.get_list("Set-Cookie"))
    form = urlencode({"password": jp_serverapp.identity_provider.token, "_xsrf": cookies["_xsrf"]})
    try:
        answer = await http_server_client.fetch(
            f"{jp_base_url}login", method="POST", body=form, headers={"Cookie": f"_xsrf={cookies['_xsrf']}"},
            follow_redirects=False,
        )
    except HTTPClientError as error:
        answer = error.response
    cookies.update(one.split(";")[0].split("=", 1) for one in answer.headers.get_list("Set-Cookie"))
    return cookies


async def test_a_cookie_alone_cannot_write(
    jp_serverapp: Any, http_server_client: Any, jp_base_url: str, jp_root_dir: Path
) -> None:
    """Another site can make a browser send its cookies, but not the header."""
    (jp_root_dir / "p").mkdir()
    cookies = await cookies_of_a_login(jp_serverapp, http_server_client, jp_base_url)
    assert len(cookies) >= 2
    url = f"{jp_base_url}{'/'.join(API)}/workspaces"
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    post = {"method": "POST", "body": json.dumps({"path": "p"}), "request_timeout": 60}
    assert await code_of(http_server_client.fetch(url, headers=cookie)) == 200
    assert await code_of(http_server_client.fetch(url, headers=cookie, **post)) == 403
    assert not (jp_root_dir / "p" / ".dotscience").exists()
    with_header = {**cookie, "X-XSRFToken": cookies["_xsrf"]}
    assert await code_of(http_server_client.fetch(url, headers=with_header, **post)) == 200


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("../x", "climbs"),
        ("a/../../x", "climbs"),
        ("a/../b", "climbs, even where it would come back"),
        ("%2e%2e/x", "one decoding further"),
        ("%252e%252e%252fx", "two decodings further"),
        ("..\\x", "climbs, as Windows would"),
        ("a\0b", "NUL"),
        ("%00", "NUL, one decoding further"),
        ("out/secret.txt", "a link that leads out"),
        ("out", "a link that leads out"),
        ("x" * 5000, "too long"),
        ("\ud800", "no text"),
    ],
)
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: str, why: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", root / "out")
    with pytest.raises(UnsafePath):
        ContentsPaths(lambda: str(root), lambda: True).disk_path(path)


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("", "."),
        ("/", "."),
        ("nb/train.ipynb", "nb/train.ipynb"),
        ("/nb/train.ipynb", "nb/train.ipynb"),
        ("/etc/passwd", "etc/passwd"),
        ("50%20off.ipynb", "50%20off.ipynb"),
        ("100%.ipynb", "100%.ipynb"),
        ("Größe 📈.ipynb", "Größe 📈.ipynb"),
        ("in/x", "real/x"),
        ("a..b", "a..b"),
    ],
)
def test_a_path_inside_is_its_place_on_disk_and_back(tmp_path: Path, path: str, inside: str) -> None:
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    os.symlink(root / "real", root / "in")
    paths = ContentsPaths(lambda: str(root), lambda: True)
    found = paths.disk_path(path)
    assert found == os.path.normpath(root / inside)
    assert paths.contents_path(found) == ("" if inside == "." else inside)


def test_a_root_that_is_a_link_is_a_root(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    os.symlink(tmp_path / "real", tmp_path / "link")
    paths = ContentsPaths(lambda: str(tmp_path / "link"), lambda: True)
    assert paths.contents_path(str(tmp_path / "real" / "a")) == "a"
    assert paths.contents_path(str(tmp_path / "link" / "a")) == "a"
    assert paths.contents_path(str(tmp_path / "realistic")) is None
    assert paths.contents_path("relative") is None


def test_what_jupyter_hides_stays_hidden(tmp_path: Path) -> None:
    (tmp_path / ".ssh").mkdir()
    with pytest.raises(DotscienceError) as caught:
        ContentsPaths(lambda: str(tmp_path), lambda: False).disk_path(".ssh/id")
    assert caught.value.status == 404
    assert ContentsPaths(lambda: str(tmp_path), lambda: True).disk_path(".ssh/id") == str(tmp_path / ".ssh" / "id")


@pytest.mark.parametrize("path", ["../x", "%2e%2e/x", "a\0b", "out/x"])
async def test_the_routes_refuse_such_paths(jp_fetch: Any, jp_root_dir: Path, tmp_path: Path, path: str) -> None:
    os.symlink(tmp_path, jp_root_dir / "out")
    for name in ("status", "doctor", "workspaces/find"):
        with pytest.raises(HTTPClientError) as caught:
            await jp_fetch(*API, *name.split("/"), params={"path": path})
        assert caught.value.code == 400
        assert json.loads(caught.value.response.body)["kind"] == "unsafe_path"
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(*API, "workspaces", method="POST", body=json.dumps({"path": path}))
    assert caught.value.code == 400
    assert not (tmp_path / ".dotscience").exists()


async def test_a_snapshot_file_that_climbs_is_refused(ask: Any, jp_fetch: Any, jp_root_dir: Path) -> None:
    (jp_root_dir / "p").mkdir()
    (jp_root_dir / "p" / "pyproject.toml").write_text("")
    workspace = (await ask("POST", "workspaces", body={"path": "p"}))["id"]
    snapshot = (await ask("POST", "workspaces", workspace, "snapshots", body={"message": "m"}))["id"]
    for path in ("../p/pyproject.toml", "/etc/passwd", "a\0", ".dotscience/store.git/config"):
        code = await code_of(jp_fetch(*API, "workspaces", workspace, "snapshots", snapshot, "file", params={"path": path}))
        assert code == 400, path


class TestReadersMayNotWrite:
    """An authoriser that lets everybody read: each verb is asked for by its own name, in whatever order they come."""

    @pytest.fixture
    def jp_server_config(self) -> dict[str, Any]:
        return {
            "ServerApp": {
                "jpserver_extensions": {"dotscience_jlab": True},
                "authorizer_class": "tests.server.readers_only.ReadersOnly",
            }
        }

    async def test_each_verb_asks_for_its_own_action(self, jp_fetch: Any, jp_root_dir: Path) -> None:
        (jp_root_dir / "p").mkdir()
        assert await code_of(jp_fetch(*API, "workspaces")) == 200
        post = jp_fetch(*API, "workspaces", method="POST", body='{"path": "p"}')
        assert await code_of(post) == 403
        patch = jp_fetch(*API, "workspaces", PARTS["workspace"], method="PATCH", body="{}", allow_nonstandard_methods=True)
        assert await code_of(patch) == 403
        assert await code_of(jp_fetch(*API, "workspaces")) == 200
