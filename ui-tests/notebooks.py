"""Writes the small notebooks that stories begin with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

KERNEL = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def write_notebook(folder: Path, name: str, *sources: str, kernel: dict[str, str] = KERNEL) -> Path:
    """One code cell a source, nothing executed; ids are c0, c1, …"""
    cells = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for number, source in enumerate(sources)
    ]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": cells}
    path = folder / name
    path.write_text(json.dumps(notebook, indent=1) + "\n")
    return path


def sources_of(notebook: dict[str, Any]) -> list[str]:
    """What its cells say."""
    return ["".join(cell["source"]) for cell in notebook["cells"]]
