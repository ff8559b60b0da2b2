"""Reads from other computers, and what goes over the network without being one."""

from __future__ import annotations

from ..operation import Operation
from ..web import s3_server, web_server

BASE = "import os\nurl = os.environ['URL']\n"


def web(name: str, library: str, act: str, **more: object) -> Operation:
    return Operation(name, library, BASE + act, **{"reads": ("{URL}/a.csv",), "surroundings": web_server, **more})  # type: ignore[arg-type]


def s3(name: str, library: str, act: str, **more: object) -> Operation:
    return Operation(name, library, act, **{"reads": ("s3://data/a.csv",), "surroundings": s3_server, **more})  # type: ignore[arg-type]


OPERATIONS = (
    web("urlopen", "urllib", "import urllib.request\nurllib.request.urlopen(url + '/a.csv').read()"),
    web("urlretrieve", "urllib", "import urllib.request\nurllib.request.urlretrieve(url + '/a.csv', 'b.csv')", writes=("b.csv",)),
    web("get, with a signature", "requests", "import requests\nrequests.get(url + '/a.csv?signature=topsecretvalue').content"),
    web("get, moved", "requests", "import requests\nrequests.get(url + '/moved.csv').content", reads=("{URL}/moved.csv",)),
    web("get, by a forked worker", "requests", "import multiprocessing, requests\ndef read(url): return requests.get(url).content\n"
        "with multiprocessing.get_context('fork').Pool(1) as pool: pool.map(read, [url + '/a.csv'])"),
    web("get", "httpx", "import httpx\nhttpx.get(url + '/a.csv').content"),
    web("get, asynchronous", "aiohttp", "import aiohttp\nasync with aiohttp.ClientSession() as client:\n"
        "    async with client.get(url + '/a.csv') as answer: await answer.read()"),
    web("read_csv of a URL", "pandas", "import pandas\npandas.read_csv(url + '/a.csv')"),
    web("open of a URL", "fsspec", "import fsspec\nwith fsspec.open(url + '/a.csv') as file: file.read()"),
    web("questions to a notebook server", "requests", "import requests\nrequests.get(url + '/api/kernels/1')\n"
        "requests.post(url + '/a.csv', data='x'); requests.head(url + '/a.csv'); requests.get(url + '/none.csv')", reads=()),
    s3("get_object", "boto3", "import boto3\nboto3.client('s3').get_object(Bucket='data', Key='a.csv')['Body'].read()"),
    s3("download_file", "boto3", "import boto3\nboto3.client('s3').download_file('data', 'a.csv', 'b.csv')", writes=("b.csv",)),
    s3("upload_file", "boto3", "import boto3\nboto3.client('s3').upload_file('b.csv', 'data', 'c.csv')",
       setup="open('b.csv', 'w').write('x')", reads=("b.csv",), writes=("s3://data/c.csv",)),
    s3("read_csv of s3://", "pandas", "import pandas\npandas.read_csv('s3://data/a.csv')"),
    s3("read_parquet of s3://", "pandas", "import pandas\npandas.read_parquet('s3://data/a.parquet')", reads=("s3://data/a.parquet",)),
    s3("cat", "s3fs", "import s3fs\ns3fs.S3FileSystem().cat('data/a.csv')"),
)
