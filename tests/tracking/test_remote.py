"""What client libraries read from other computers is told of: address, version, size; nothing secret, nothing of our own talk."""

from __future__ import annotations

import asyncio
import urllib.request
from typing import Any, Callable, Iterator

import fsspec
import pandas
import pytest
import requests

from dotscience_jlab.tracking.file_watch import FileWatch, watch_files
from dotscience_jlab.tracking.remote import found_in, listen_to_remotes, named_url
from tests.capture.web import ETAG, TABLE, s3_server, web_server

SEEN = {"etag": ETAG, "modified": "Thu, 01 Jan 1970 00:00:00 GMT", "size_bytes": len(TABLE)}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with web_server() as told:
        yield told["URL"]


@pytest.fixture
def told() -> Iterator[list[tuple[str, str, dict[str, Any]]]]:
    found: list[tuple[str, str, dict[str, Any]]] = []
    watch = FileWatch(lambda *each: None)
    watch.on_remote = lambda *each: found.append(each)
    listen_to_remotes()
    watch_files(watch)
    yield found
    watch_files(None)


def by_aiohttp(url: str) -> bytes:
    import aiohttp

    async def read() -> bytes:
        async with aiohttp.ClientSession() as client, client.get(url) as answer:
            return await answer.read()

    return asyncio.run(read())


def by_httpx(url: str) -> bytes:
    import httpx

    return httpx.get(url, follow_redirects=True).content


def by_async_httpx(url: str) -> bytes:
    import httpx

    async def read() -> bytes:
        async with httpx.AsyncClient() as client:
            return (await client.get(url)).content

    return asyncio.run(read())


READERS: dict[str, Callable[[str], Any]] = {
    "urllib": lambda url: urllib.request.urlopen(url).read(),
    "urllib, a request": lambda url: urllib.request.urlopen(urllib.request.Request(url)).read(),
    "requests": lambda url: requests.get(url).content,
    "a session of requests": lambda url: requests.Session().get(url, stream=True).content,
    "httpx": by_httpx,
    "httpx, asynchronous": by_async_httpx,
    "aiohttp": by_aiohttp,
    "pandas": lambda url: pandas.read_csv(url),
    "fsspec": lambda url: fsspec.open(url).open().read(),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_read_is_told_once_with_its_version(read: Callable[[str], Any], url: str, told: list[Any]) -> None:
    found = read(f"{url}/a.csv?token=hunter2hunter2#top")
    assert len(found) in (len(TABLE), 2)
    assert {(name, role) for name, role, _ in told} == {(f"{url}/a.csv", "input")}
    assert told[-1][2] == SEEN


@pytest.mark.parametrize("read", [READERS[each] for each in ("urllib", "requests", "httpx")], ids=["urllib", "requests", "httpx"])
def test_what_was_moved_keeps_the_address_that_was_asked_for(read: Callable[[str], Any], url: str, told: list[Any]) -> None:
    read(f"{url}/moved.csv")
    assert told == [(f"{url}/moved.csv", "input", SEEN)]


def test_what_is_no_read_is_not_told(url: str, told: list[Any]) -> None:
    requests.head(f"{url}/a.csv")
    requests.post(f"{url}/a.csv", data="x")
    assert requests.get(f"{url}/none.csv").status_code == 404
    requests.get(f"{url}/api/kernels/1")
    urllib.request.urlopen(f"{url}/a.csv", data=b"x").read()
    with pytest.raises(urllib.request.HTTPError):
        urllib.request.urlopen(f"{url}/none.csv")
    with pytest.raises(requests.ConnectionError):
        requests.get("http://127.0.0.1:1/a.csv")
    assert told == []
    requests.get(f"{url}/data/api/rows")
    assert [each[0] for each in told] == [f"{url}/data/api/rows"]


def test_nobody_listening_is_no_error(url: str) -> None:
    listen_to_remotes()
    watch_files(None)
    assert requests.get(f"{url}/a.csv").content == TABLE


@pytest.mark.parametrize("address, named", [
    ("https://me:hunter2@host.example/a%20b.csv?X-Amz-Signature=1#f", "https://host.example/a%20b.csv"),
    ("http://HOST.example:8080/a", "http://host.example:8080/a"),
    ("http://[::1]:9000/a.csv", "http://[::1]:9000/a.csv"),
    ("https://host.example/api/contents", "https://host.example/api/contents"),
    ("http://localhost:8888/user/me/api/contents/a.ipynb", None),
    ("https://hub.example/hub/api/users/me", None),
    ("http://tracking.example/api/2.0/mlflow/runs/get", None),
    ("https://index.example/simple/numpy/", None),
    ("s3a://key:secret@bucket/a.csv?versionId=1", "s3://bucket/a.csv"),
    ("gs://bucket/a/b.parquet", "gs://bucket/a/b.parquet"),
    ("file:///a.csv", None),
    ("a.csv", None),
])  # fmt: skip
def test_addresses(address: str, named: str | None) -> None:
    assert named_url(address) == named


@pytest.mark.parametrize("headers, found", [
    ({"content-length": "10", "content-encoding": "gzip", "etag": 'W/"1"'}, {"etag": 'W/"1"'}),
    ({"content-length": "10", "content-range": "bytes 0-9/1234"}, {"size_bytes": 1234}),
    ({"content-length": "10", "content-range": "bytes 0-9/*"}, {}),
    ({"x-amz-version-id": "3HL4"}, {"version": "3HL4"}),
    ({"authorization": "Bearer x", "set-cookie": "y"}, {}),
])  # fmt: skip
def test_what_an_answer_says_of_its_version(headers: dict[str, str], found: dict[str, object]) -> None:
    assert found_in(headers) == found


@pytest.mark.slow(share=0)
def test_objects_of_s3(told: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with s3_server() as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        import boto3
        import s3fs

        client = boto3.client("s3")
        told.clear()
        assert client.get_object(Bucket="data", Key="a.csv")["Body"].read() == TABLE
        (url, role, found), = told
        assert (url, role, found["size_bytes"], found["version"]) == ("s3://data/a.csv", "input", len(TABLE), variables["VERSION"])
        assert found["etag"] == ETAG

        told.clear()
        client.head_object(Bucket="data", Key="a.csv")
        client.list_objects_v2(Bucket="data")
        assert told == []
        s3fs.S3FileSystem(skip_instance_cache=True).cat("data/a.csv")
        assert {each[:2] for each in told} == {("s3://data/a.csv", "input")}
        told.clear()
        pandas.read_csv("s3://data/a.csv")
        assert told and all(found["etag"] == ETAG for _, _, found in told)
        told.clear()
        pandas.DataFrame({"x": [1]}).to_csv("s3://data/b.csv")
        assert {(name, role) for name, role, _ in told} == {("s3://data/b.csv", "output")}
