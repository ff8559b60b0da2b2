"""The notebook of a snapshot: the last known document with the executed cell's source and outputs as the kernel reported them.

Documents are nbformat 4 dicts (cells: list; a cell: id, cell_type, source: str or list of str, outputs, execution_count).
Functions never change their argument. What was executed is the truth: an executed cell that the document does not know
(never saved, deleted meanwhile) is put in behind the cell that ran before it.
"""

from __future__ import annotations

import json
from typing import Any

Document = dict[str, Any]

PRIVATE_TAG = "ds-private"


def empty_document() -> Document:
    return {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def read_document(data: bytes) -> Document | None:
    """Bytes of an .ipynb as nbformat 4; None if they are not one (broken, or too old to be read)."""
    try:
        document = json.loads(data.decode("utf-8"))
        if not isinstance(document, dict):
            return None
        if document.get("nbformat") != 4:
            document = _converted(document)
        cells = document.get("cells")
        if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
            return None
        if not isinstance(document.get("nbformat_minor"), int):
            document["nbformat_minor"] = 5
        return document
    except Exception:  # a file that calls itself a notebook may hold anything, and nbformat raises many kinds
        return None


def _converted(document: dict[str, Any]) -> Document:
    import nbformat  # only here: its validator costs every start of a recorder two seconds of CPU

    return nbformat.convert(nbformat.from_dict(document), 4)


def write_document(document: Document) -> bytes:
    """As Jupyter itself writes it (indent 1, lists of lines, final newline), so that equal notebooks are equal bytes."""
    split = {**document, "cells": [_split_lines(cell) for cell in document["cells"]]}
    return (json.dumps(split, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8", "surrogatepass")


def cell_source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)


def find_cell(document: Document, cell_id: str | None, source: str, after: str | None = None) -> str | None:
    """Id of the executed cell: by its id, else the only code cell with that source, else the first one behind cell `after`."""
    cells = document["cells"]
    if cell_id is not None:
        return cell_id if any(cell.get("id") == cell_id for cell in cells) else None
    same = [
        (number, str(cell["id"]))
        for number, cell in enumerate(cells)
        if cell.get("cell_type") == "code" and cell.get("id") and cell_source(cell).rstrip() == source.rstrip()
    ]
    if len(same) > 1 and after is not None:
        position = next((number for number, cell in enumerate(cells) if cell.get("id") == after), -1)
        same = [each for each in same if each[0] > position] or same
    return same[0][1] if same else None


def with_execution(
    document: Document,
    cell_id: str,
    source: str,
    outputs: list[dict[str, Any]],
    execution_count: int | None,
    after: str | None = None,
) -> Document:
    """The document with that cell as executed; a cell it does not hold is added behind cell `after`, or at the end."""
    cells = list(document["cells"])
    number = next((n for n, cell in enumerate(cells) if cell.get("id") == cell_id), None)
    if number is None:
        before = next((n for n, cell in enumerate(cells) if cell.get("id") == after), len(cells) - 1)
        number = before + 1
        cells.insert(number, {"cell_type": "code", "id": cell_id, "metadata": {}})
    cells[number] = {
        **cells[number],
        "cell_type": "code",
        "source": source,
        "outputs": outputs,
        "execution_count": execution_count,
    }
    minor = max(int(document.get("nbformat_minor", 5)), 5)
    return {**document, "cells": cells, "nbformat": 4, "nbformat_minor": minor}


def without_private(document: Document) -> Document:
    """Cells tagged `ds-private` emptied: what was never saved of them is not kept either. (A saved file is kept as it is.)"""
    return {**document, "cells": [_emptied(cell) if is_private(cell) else cell for cell in document["cells"]]}


def is_private(cell: dict[str, Any]) -> bool:
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return isinstance(tags, list) and PRIVATE_TAG in tags


def _emptied(cell: dict[str, Any]) -> dict[str, Any]:
    is_code = cell.get("cell_type") == "code"
    return {**cell, "source": "", **({"outputs": [], "execution_count": None} if is_code else {})}


def _split_lines(cell: dict[str, Any]) -> dict[str, Any]:
    """Source and text outputs as lists of lines, nbformat's on-disk form."""
    cell = {**cell, "source": _lines(cell.get("source", ""))}
    cell.setdefault("metadata", {})
    if cell.get("cell_type") == "code":
        cell["outputs"] = [_split_output(output) for output in cell.get("outputs", [])]
        cell.setdefault("execution_count", None)
    return cell


def _split_output(output: dict[str, Any]) -> dict[str, Any]:
    output = {key: value for key, value in output.items() if key != "transient"}
    if output.get("output_type") == "stream":
        return {**output, "text": _lines(output.get("text", ""))}
    if isinstance(output.get("data"), dict):
        return {**output, "data": {mime: _split_mime(mime, value) for mime, value in output["data"].items()}}
    return output


def _split_mime(mime: str, value: Any) -> Any:
    is_json = mime == "application/json" or mime.endswith("+json")
    return _lines(value) if isinstance(value, str) and not is_json else value


def _lines(text: Any) -> Any:
    return text.splitlines(True) if isinstance(text, str) else text
