"""Files of packages at a package index, with their hashes. Asked only when the user names an index. Source: PEP 503, PEP 691."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Sequence
from urllib.parse import urljoin

from ..errors import NotFound

IndexFiles = dict[tuple[str, str], list[dict[str, Any]]]
"""(name, version) -> [{name, url, size, hashes}]"""
ACCEPT = "application/vnd.pypi.simple.v1+json"
AT_ONCE = 8
TIMEOUT_S = 20.0
SDIST_ENDS = (".tar.gz", ".zip", ".tar.bz2")


def files_at(index: str, packages: Sequence[tuple[str, str]], progress: Callable[[int, int, str], None]) -> IndexFiles:
    """Of these (name, version); those that the index does not have are missing. NotFound if it does not answer at all."""
    found: IndexFiles = {}
    errors: list[str] = []
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="index") as pool:
        asked = [(each, pool.submit(_page, index, each[0])) for each in packages]
        for done, (package, answer) in enumerate(asked):
            progress(done, len(asked), package[0])
            try:
                files = answer.result()
            except (OSError, ValueError, KeyError, TypeError) as error:
                errors.append(str(error))
                continue
            found[package] = [each for each in files if each["hashes"] and _is_of(each["name"], *package)]
    if packages and len(errors) == len(packages):
        raise NotFound(f"{index} does not answer as a package index: {errors[0]}.", "Name one that serves JSON (PEP 691).")
    return found


def _page(index: str, name: str) -> list[dict[str, Any]]:
    address = f"{index.rstrip('/')}/{name}/"
    request = urllib.request.Request(address, headers={"Accept": ACCEPT})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            body = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return []
        raise
    return [
        {"name": str(each["filename"]), "url": urljoin(address, each["url"]), "size": each.get("size"),
         "hashes": {str(kind): str(value) for kind, value in (each.get("hashes") or {}).items()}}
        for each in body["files"] if not each.get("yanked")
    ]  # fmt: skip


def _is_of(file_name: str, name: str, version: str) -> bool:
    """('scikit_learn-1.9.1-cp311-….whl', 'scikit-learn', '1.9.1') -> True"""
    if file_name.endswith(".whl"):
        found, _, rest = file_name.partition("-")
        return _normal(found) == name and rest.split("-")[0].replace("_", "-") == version.replace("_", "-")
    ending = next((each for each in SDIST_ENDS if file_name.endswith(each)), None)
    if ending is None:
        return False
    found, _, rest = file_name.removesuffix(ending).rpartition("-")
    return _normal(found) == name and rest == version


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
