"""Standing alone: what a fork still takes from its origin, copied; and whom an origin need not keep anything for any more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ContextManager

from ..errors import NotFound
from ..store.base import Store
from ..store.detach import detach, shared_bytes
from ..store.history import History
from ..store.lending import borrowers, lenders, store_id_at, take_off
from .amounts import count_words, size_words


def plan_detach(store: Store) -> dict[str, Any]:
    """{sentence, lenders: [folder], n_shared_files, shared_bytes}. Changes nothing."""
    repository = _repository(store)
    folders = [each.root for each in lenders(repository)]
    n_files, n_bytes = shared_bytes(repository)
    if folders:
        told = f"{store.root.name}/ reads older versions in {', '.join(folders)}; detaching copies them here."
    else:
        told = f"{store.root.name}/ borrows nothing."
    if n_files:
        told += f" {size_words(n_bytes)} take room once with other histories here; deleting one of them is safe all the same."
    return {"sentence": told, "lenders": folders, "n_shared_files": n_files, "shared_bytes": n_bytes}


def apply_detach(
    store: Store, turn: ContextManager[Any], *, is_unsharing: bool, progress: Callable[[int, int, str], None]
) -> dict[str, Any]:
    """{sentence, n_objects, n_bytes, n_files, file_bytes}. turn: of those who store something in this folder."""
    assert isinstance(store, History)
    done = detach(store, turn, is_unsharing=is_unsharing, progress=progress)
    parts = []
    if done.n_objects:
        parts.append(f"{count_words(done.n_objects, 'borrowed object')} ({size_words(done.n_bytes)}) copied")
    if done.n_files:
        parts.append(f"{count_words(done.n_files, 'shared file')} ({size_words(done.file_bytes)}) copied")
    told = f"{' and '.join(parts) or 'Nothing to copy'}: {store.root.name}/ needs no other history."
    return {
        "sentence": told[0].upper() + told[1:], "n_objects": done.n_objects, "n_bytes": done.n_bytes, "n_files": done.n_files,
        "file_bytes": done.file_bytes,
    }


def forget_borrower(store: Store, root: Path) -> dict[str, Any]:
    """{sentence, forgotten: [folder]}. NotFound if no fork there borrows from this history."""
    gone = take_off(_repository(store), lambda each: each.root == str(root))
    if not gone:
        listed = [each.root for each in borrowers(_repository(store))]
        hint = f"These do: {', '.join(listed)}." if listed else "No fork does: forks on the same disk need nothing of their origin."
        raise NotFound(f"No fork in {root} borrows from {store.root}.", hint)
    told = f"{root} is on the list no more: what only it needs here is removed when this history is tidied."
    return {"sentence": told, "forgotten": [each.root for each in gone]}


def lending_told(store: Store) -> str:
    """Who borrows here, in sentences; '' for nobody."""
    if not isinstance(store, History) or store.index.path is None:
        return ""
    told = []
    for each in borrowers(_repository(store)):
        if store_id_at(each.repository) == each.store:
            told.append(f"The fork {each.root} reads its older versions here: what it needs is kept for it.")
        else:
            told.append(
                f"The fork {each.root} cannot be found and may need anything: nothing is removed from the disk until it is there"
                f" again, or `ds fork --forget {each.root}`."
            )
    return " ".join(told)


def _repository(store: Store) -> Path:
    assert isinstance(store, History) and store.index.path is not None
    return store.index.path.parent
