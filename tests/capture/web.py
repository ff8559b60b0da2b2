"""Real servers on this computer: one for files over HTTP, with ETag, redirects and a password, and one that speaks S3."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Iterator, Mapping

TABLE = b"part,value\na,1\nb,2\n"
FILES = {"/a.csv": TABLE, "/b.csv": TABLE, "/api/kernels/1": b"{}", "/data/api/rows": b"[]"}
ETAG = f'"{hashlib.md5(TABLE).hexdigest()}"'


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(is_whole=False)

    def do_GET(self) -> None:
        self._answer(is_whole=True)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(is_whole=True)

    def _answer(self, *, is_whole: bool) -> None:
        path = self.path.partition("?")[0]
        if path == "/moved.csv":
            self.send_response(302)
            self.send_header("Location", "/a.csv?signature=topsecretvalue")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = FILES.get(path)
        if data is None:
            self.send_error(404)
            return
        asked, begin, end = self.headers.get("Range"), 0, len(data)
        if asked:
            first, _, last = asked.partition("=")[2].partition("-")
            begin, end = int(first), min(end, int(last) + 1 if last else end)
        self.send_response(206 if asked else 200)
        self.send_header("ETag", ETAG)
        self.send_header("Last-Modified", formatdate(0, usegmt=True))
        self.send_header("Content-Type", "text/csv")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - begin))
        if asked:
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(data)}")
        self.end_headers()
        if is_whole:
            self.wfile.write(data[begin:end])

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def web_server(_project: Path | None = None) -> Iterator[Mapping[str, str]]:
    """URL: 'http://127.0.0.1:4711'"""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield {"URL": f"http://127.0.0.1:{server.server_address[1]}", "no_proxy": "127.0.0.1"}
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def s3_server(_project: Path | None = None) -> Iterator[Mapping[str, str]]:
    """An S3 peer with the bucket `data`, which keeps versions, and a.csv in it; VERSION: of that."""
    import boto3  # late, as the next: a second that only tests of S3 pay
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        told = {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1", "no_proxy": "*",
        }  # fmt: skip
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
        client = boto3.client("s3", endpoint_url=told["AWS_ENDPOINT_URL"], **keys)
        client.create_bucket(Bucket="data")
        client.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
        version = client.put_object(Bucket="data", Key="a.csv", Body=TABLE)["VersionId"]
        client.put_object(Bucket="data", Key="a.parquet", Body=_parquet())
        yield {**told, "VERSION": version}
    finally:
        server.stop()


def _parquet() -> bytes:
    import io

    import pyarrow.csv  # late: only tests of S3 need it
    import pyarrow.parquet

    target = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(io.BytesIO(TABLE)), target)
    return target.getvalue()
