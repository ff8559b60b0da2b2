"""Lock files of an environment as it was recorded: `requirements.txt`, `pylock.toml` (PEP 751) and conda's explicit list.

    numpy 2.1.0 from an index      numpy==2.1.0
    a commit of a repository       tool @ git+https://host/tool@3fa9c1…
    an editable folder             -e /home/ann/mylib       with a comment when its files differed from its commit
"""

from __future__ import annotations

import json
from typing import Any, Callable
from urllib.parse import unquote, urlsplit

from ..errors import InvalidRequest, NotFound
from .package_index import IndexFiles, files_at

FORMATS = ("requirements", "pylock", "conda")
Package = dict[str, Any]
Progress = Callable[[int, int, str], None]


def lock_file(environment: dict[str, Any], kind: str, index: str | None, progress: Progress) -> dict[str, str]:
    """{text, name (of the file), sentence}. index: of a package index, asked for files and hashes where the format needs them.

    InvalidRequest if the format is unknown, or needs what is not recorded; NotFound if there is no conda environment.
    """
    if kind == "requirements":
        return _answer(requirements(environment), "requirements.txt", environment)
    if kind == "conda":
        return _answer(conda_explicit(environment), "conda-linux.txt", environment)
    if kind != "pylock":
        raise InvalidRequest(f"There is no lock file of the kind {kind!r}.", f"Take one of {', '.join(FORMATS)}.")
    unknown = [each for each in environment.get("packages") or [] if _source(each) is None]
    if unknown and index is None:
        raise InvalidRequest(
            f"A pylock.toml names each file with its hash, and {len(unknown)} packages do not say which file they came from.",
            "Name the package index that they are to be looked up at (`--index URL`), or take `--format requirements`.",
        )
    found = files_at(index, [(each["name"], each["version"]) for each in unknown], progress) if index is not None else {}
    return _answer(pylock(environment, index, found), "pylock.toml", environment)


def _answer(text: str, name: str, environment: dict[str, Any]) -> dict[str, str]:
    dirty = [each["name"] for each in environment.get("packages") or [] if each.get("is_dirty")]
    sentence = f"Installed from folders whose files differed from their commit: {', '.join(dirty)}." if dirty else ""
    return {"text": text, "name": name, "sentence": sentence}


def requirements(environment: dict[str, Any]) -> str:
    lines = [f"# {_header(environment)}"]
    for each in environment.get("packages") or []:
        url, name = str(each.get("url") or ""), each["name"]
        part = f"#subdirectory={each['subdirectory']}" if each.get("subdirectory") else ""
        if each.get("editable"):
            state = f"at {each['commit'][:12]}" if each.get("commit") else ""
            lines += [f"# {name} {state}{', with changes' if each.get('is_dirty') else ''}".rstrip()] if state else []
            lines.append(f"-e {_path(url)}")
        elif each.get("vcs"):
            lines.append(f"{name} @ {each['vcs']}+{url}@{each.get('commit')}{part}")
        elif url:
            digest = (each.get("hashes") or {}).get("sha256")
            lines.append(f"{name} @ {url}{part or (f'#sha256={digest}' if digest else '')}")
        else:
            lines.append(f"{name}=={each['version']}")
    return "\n".join(lines) + "\n"


def conda_explicit(environment: dict[str, Any]) -> str:
    """What `conda create --file` takes; packages that pip put in are not part of it."""
    listed = environment.get("conda") or []
    if not listed:
        raise NotFound("That Python belongs to no conda environment.", "Take `--format requirements`.")
    return "\n".join([f"# {_header(environment)}", "@EXPLICIT", *listed]) + "\n"


def pylock(environment: dict[str, Any], index: str | None, found: IndexFiles) -> str:
    """found: (name, version) -> its files at the index; a package that is neither there nor has a source is named in a comment."""
    major, minor = (str(environment.get("python", "")).split(".") + ["", ""])[:2]
    lines = [f"# {_header(environment)}", 'lock-version = "1.0"', 'created-by = "dotscience-jlab"']
    if major and minor:
        lines.append(f'requires-python = "=={major}.{minor}.*"')
    missing, tables = [], []
    for each in environment.get("packages") or []:
        source = _source(each) or _listed(index, found.get((each["name"], each["version"])))
        if source is None:
            missing.append(f"{each['name']} {each['version']}")
            continue
        head = ["", "[[packages]]", f"name = {_text(each['name'])}"]
        tables += [*head, *([] if each.get("editable") else [f"version = {_text(each['version'])}"]), *source]
    lines += [f"# not at {index}, and not in here: {name}" for name in missing]
    return "\n".join([*lines, *tables]) + "\n"


def _source(package: Package) -> list[str] | None:
    """Lines of TOML that say where it came from; None: from an index, which leaves no trace of the file."""
    url = str(package.get("url") or "")
    part = [f"subdirectory = {_text(package['subdirectory'])}"] if package.get("subdirectory") else []
    hashes = package.get("hashes") or {}
    if package.get("vcs"):
        told = ["[packages.vcs]", f"type = {_text(package['vcs'])}", f"url = {_text(url)}"]
        return [*told, f"commit-id = {_text(package.get('commit') or '')}", *part]
    if package.get("editable"):
        return ["[packages.directory]", f"path = {_text(_path(url))}", "editable = true"]
    if not url:
        return None
    if hashes and url.endswith(".whl"):
        return ["[[packages.wheels]]", f"url = {_text(url)}", f"hashes = {_table(hashes)}"]
    if hashes:
        return ["[packages.archive]", f"url = {_text(url)}", f"hashes = {_table(hashes)}", *part]
    return ["[packages.directory]", f"path = {_text(_path(url))}", *part] if url.startswith("file:") else None


def _listed(index: str | None, files: list[dict[str, Any]] | None) -> list[str] | None:
    if not files:
        return None
    lines = [f"index = {_text(index or '')}"]
    sources = [each for each in files if not each["name"].endswith(".whl")]
    for each in [*sources[:1], *(each for each in files if each["name"].endswith(".whl"))]:
        lines.append("[packages.sdist]" if each in sources else "[[packages.wheels]]")
        lines += [f"name = {_text(each['name'])}", f"url = {_text(each['url'])}"]
        lines += [f"size = {each['size']}"] if each.get("size") else []
        lines.append(f"hashes = {_table(each['hashes'])}")
    return lines


def _header(environment: dict[str, Any]) -> str:
    return f"Python {environment.get('python', '')} on {environment.get('platform', '')}, as recorded by dotscience-jlab."


def _path(url: str) -> str:
    """'file:///home/ann/my%20lib' -> '/home/ann/my lib'"""
    return unquote(urlsplit(url).path) if url.startswith("file:") else url


def _text(value: str) -> str:
    return json.dumps(str(value))  # a JSON text is a TOML text


def _table(values: dict[str, str]) -> str:
    return "{" + ", ".join(f"{_text(name)} = {_text(value)}" for name, value in values.items()) + "}"
