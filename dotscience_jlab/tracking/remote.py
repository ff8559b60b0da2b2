"""Reads from other computers: the client libraries that a notebook has imported are listened to, none is imported by us.

Told are the URL without credentials, query and fragment, and what the answer's head says of the version: ETag, version id, time of
the last change, size. No header is kept, nothing is fetched, and the answer goes to the caller as it came.

    urllib, requests, httpx, aiohttp     a GET answered with content; fsspec's http and pandas go through these
    botocore, aiobotocore                GetObject, and what writes an object, as s3://bucket/key; so boto3 and s3fs

What is no input: docs/capture.md, "Remote reads". pip brings a client of its own, which nobody listens to.
"""

from __future__ import annotations

import contextvars
import functools
import re
from typing import Any, Callable, Dict, Mapping, Optional

from .at_import import when_imported
from .file_watch import INPUT, OUTPUT, tell_remote

_WITH_CONTENT = frozenset({200, 203, 206, 304})
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})
_JUPYTER_PATHS = (
    r"/(api/(kernels|kernelspecs|sessions|contents|status|me|terminals|events|collaboration|nbconvert)|dotscience-jlab|hub/api)(/|$)"
)
"""On this computer, or a hub's: the notebook's own server."""
_TALK = r"/(api/2\.0/(preview/)?mlflow|graphql|simple|pypi/[^/]+/json)(/|$)|/(repodata|current_repodata)\.json(\.\w+)?$"
"""Programs that speak with a tracking server, and lists of packages: nothing of a cell's data."""
_STORES = {"s3": "s3", "s3a": "s3", "s3n": "s3", "gs": "gs", "gcs": "gs", "abfs": "abfs", "abfss": "abfs", "az": "az", "hf": "hf"}
"""Their URLs, as libraries take them -> as they are recorded."""
_READS = {"GetObject": "Key"}
_WRITES = {"PutObject": "Key", "CompleteMultipartUpload": "Key", "CopyObject": "Key"}
MAX_URL_CHARACTERS = 2000
_TOLD_BY = (("etag", "etag"), ("version", "x-amz-version-id"), ("version", "x-goog-generation"), ("modified", "last-modified"))

_is_inside: "contextvars.ContextVar[bool]" = contextvars.ContextVar("dotscience_remote", default=False)
"""True below a call that is told of as a whole: a redirect's parts, or what carries an S3 call."""


def listen_to_remotes() -> None:
    """From now on, for the life of the process; again does nothing. What is told is for `file_watch.watch_files` to say."""
    for name, act in _LIBRARIES.items():
        when_imported(name, act)


def named_url(url: Any) -> Optional[str]:
    """'https://me:pw@host/a.csv?sig=x#f' -> 'https://host/a.csv'; None for what is no input, or no URL."""
    from urllib.parse import (  # late: whoever has a URL has imported it, most child processes have not
        urlsplit,
        urlunsplit,
    )

    parts = urlsplit(str(url))
    if parts.scheme in _STORES:
        return urlunsplit((_STORES[parts.scheme], parts.netloc.rpartition("@")[2], parts.path, "", ""))[:MAX_URL_CHARACTERS]
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None
    if re.search(_TALK, parts.path) or "/hub/api/" in parts.path:
        return None
    if parts.hostname in _LOCAL_HOSTS and re.search(_JUPYTER_PATHS, parts.path):
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    address = host if parts.port is None else f"{host}:{parts.port}"
    return urlunsplit((parts.scheme, address, parts.path, "", ""))[:MAX_URL_CHARACTERS]


def found_in(headers: Mapping[str, str]) -> Dict[str, Any]:
    """The fields of events.RemoteOpened that an answer's head tells."""
    found: Dict[str, Any] = {}
    for field, name in _TOLD_BY:
        value = headers.get(name)
        if value and field not in found:
            found[field] = str(value)[:200]
    size = _whole_size(headers)
    if size is not None:
        found["size_bytes"] = size
    return found


def _whole_size(headers: Mapping[str, str]) -> Optional[int]:
    """Of the thing itself: not of the part that was asked for, nor of its compressed form. 'bytes 0-9/1234' -> 1234."""
    part = headers.get("content-range")
    if part:
        total = part.rpartition("/")[2]
        return int(total) if total.isdigit() else None
    length = headers.get("content-length") or ""
    is_packed = (headers.get("content-encoding") or "identity") != "identity"
    return int(length) if length.isdigit() and not is_packed else None


def _tell_answer(method: Any, url: Any, status: Any, headers: Mapping[str, str]) -> None:
    """Never raises: it stands inside somebody's call."""
    try:
        if str(method).upper() == "GET" and status in _WITH_CONTENT:
            named = named_url(url)
            if named is not None:
                tell_remote(named, INPUT, found_in(headers) if status != 304 else {})
    except Exception:
        return


# -- one library each ----------------------------------------------------------------------------------


def _urllib(module: Any) -> None:
    """`urlopen`, `urlretrieve` and every opener: also pandas, which reads a URL by it."""

    def tell(answer: Any, opener: Any, request: Any, *rest: Any, **more: Any) -> None:
        url = request if isinstance(request, str) else request.full_url
        method = "GET" if isinstance(request, str) else request.get_method()
        data = more.get("data", rest[0] if rest else None)
        if getattr(answer, "status", None) is not None:
            _tell_answer("POST" if data is not None else method, url, answer.status, _lower(answer.headers))

    _listen(module.OpenerDirector, "open", tell)


def _requests(module: Any) -> None:
    def tell(answer: Any, client: Any, request: Any, **more: Any) -> None:
        _tell_answer(request.method, request.url, answer.status_code, _lower(answer.headers))

    _listen(module.Session, "send", tell)


def _httpx(module: Any) -> None:
    def tell(answer: Any, client: Any, request: Any, **more: Any) -> None:
        _tell_answer(request.method, request.url, answer.status_code, _lower(answer.headers))

    _listen(module.Client, "send", tell)
    _listen_async(module.AsyncClient, "send", tell)


def _aiohttp(module: Any) -> None:
    def tell(answer: Any, client: Any, method: str, url: Any, **more: Any) -> None:
        base = getattr(client, "_base_url", None)
        _tell_answer(method, url if base is None else answer.url, answer.status, _lower(answer.headers))

    _listen_async(module.ClientSession, "_request", tell)


def _botocore(module: Any) -> None:
    _listen(module.BaseClient, "_make_api_call", _tell_s3)


def _aiobotocore(module: Any) -> None:
    _listen_async(module.AioBaseClient, "_make_api_call", _tell_s3)


def _tell_s3(answer: Any, client: Any, operation: str, parameters: Mapping[str, Any]) -> None:
    role = INPUT if operation in _READS else OUTPUT if operation in _WRITES else None
    if role is None or client.meta.service_model.service_name != "s3":
        return
    url = f"s3://{parameters['Bucket']}/{parameters['Key']}"[:MAX_URL_CHARACTERS]
    told = {"etag": answer.get("ETag"), "version": answer.get("VersionId"), "modified": answer.get("LastModified")}
    found: Dict[str, Any] = {name: str(value)[:200] for name, value in told.items() if value}
    if role == INPUT:
        length = str(answer.get("ContentLength", ""))
        size = _whole_size({"content-range": answer.get("ContentRange") or "", "content-length": length})
        if size is not None:
            found["size_bytes"] = size
    tell_remote(url, role, found)


_LIBRARIES: Dict[str, Callable[[Any], None]] = {
    "urllib.request": _urllib,
    "requests.sessions": _requests,
    "httpx._client": _httpx,
    "aiohttp.client": _aiohttp,
    "botocore.client": _botocore,
    "aiobotocore.client": _aiobotocore,
}


# -- the wrappers --------------------------------------------------------------------------------------


def _listen(owner: Any, name: str, tell: Callable[..., None]) -> None:
    """Let `tell(answer, *arguments)` hear of every outermost call of that method that returns."""
    call = owner.__dict__.get(name)
    if call is None or hasattr(call, "__dotscience__"):
        return

    @functools.wraps(call)
    def heard(*args: Any, **keywords: Any) -> Any:
        if _is_inside.get():
            return call(*args, **keywords)
        token = _is_inside.set(True)
        try:
            answer = call(*args, **keywords)
        finally:
            _is_inside.reset(token)
        _tell_safely(tell, answer, args, keywords)
        return answer

    heard.__dotscience__ = True  # type: ignore[attr-defined]
    setattr(owner, name, heard)


def _listen_async(owner: Any, name: str, tell: Callable[..., None]) -> None:
    """As `_listen`, of a coroutine function."""
    call = owner.__dict__.get(name)
    if call is None or hasattr(call, "__dotscience__"):
        return

    @functools.wraps(call)
    async def heard(*args: Any, **keywords: Any) -> Any:
        if _is_inside.get():
            return await call(*args, **keywords)
        token = _is_inside.set(True)
        try:
            answer = await call(*args, **keywords)
        finally:
            _is_inside.reset(token)
        _tell_safely(tell, answer, args, keywords)
        return answer

    heard.__dotscience__ = True  # type: ignore[attr-defined]
    setattr(owner, name, heard)


def _tell_safely(tell: Callable[..., None], answer: Any, args: Any, keywords: Dict[str, Any]) -> None:
    try:
        tell(answer, *args, **keywords)
    except Exception:  # inside somebody's call: whatever is wrong here must not be wrong there
        return


def _lower(headers: Any) -> Dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}
