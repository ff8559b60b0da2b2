"""Folders of a snapshot: only those on the way to a changed file are read and written again.

Everything here speaks of the user's names and files: a large file is one item, though it is a folder of chunks in git.
"""

from __future__ import annotations

import os
from typing import Iterator, Mapping

from ..model.change import ADDED, REMOVED, UPDATED
from ..model.paths import WorkspacePath
from ..model.snapshot import EXECUTABLE, FILE, LINK
from .large_file import is_large
from .objects import FOLDER_MODE, ObjectId, Objects, Sink, TreeItem
from .tree_names import SUFFIX, is_any_marked, is_marked, tree_name, users_name

MODES = {FILE: 0o100644, EXECUTABLE: 0o100755, LINK: 0o120000}
MODE_NAMES = {number: name for name, number in MODES.items()}
LARGE_MODE = FOLDER_MODE | 1
"""Of a large file, whose own mode stands in its `meta`. Only here and above: in git it is a folder."""

Edits = Mapping[str, TreeItem | None]
"""path -> its new item; None: gone."""


def read_folder(objects: Objects, tree: ObjectId) -> dict[bytes, TreeItem]:
    """By the user's names; not to be changed.

    Trees that were written before names were escaped: a folder that holds a name in `.ds` which is no large file is one, and
    its names are as they stand.
    """
    items = objects.tree(tree)
    if not is_any_marked(items):
        return items
    marked = [name for name in items if is_marked(name)]
    large = {
        name for name in marked
        if name.endswith(SUFFIX) and items[name].mode == FOLDER_MODE and is_large(objects.tree(items[name].id))
    }
    is_plain = any(name.endswith(SUFFIX) and name not in large for name in marked)
    found = {}
    for name, item in items.items():
        if name in large:
            found[users_name(name, is_large=True)] = TreeItem(LARGE_MODE, item.id)
        else:
            found[name if is_plain else users_name(name)] = item
    return found


def write_folder(sink: Sink, items: Mapping[bytes, TreeItem]) -> ObjectId:
    """items: by the user's names."""
    if not is_any_marked(items) and not any(item.mode == LARGE_MODE for item in items.values()):
        return sink.put_tree(dict(items))
    return sink.put_tree({
        tree_name(name, is_large=item.mode == LARGE_MODE): item if item.mode != LARGE_MODE else TreeItem(FOLDER_MODE, item.id)
        for name, item in items.items()
    })


def edited_tree(objects: Objects, tree: ObjectId | None, edits: Edits, sink: Sink | None = None) -> ObjectId:
    """The tree with these files put in or taken out; folders left empty disappear. sink: takes the new trees in.

    A file where a folder was takes its place, and the other way round. {'a/b': x} costs the root and `a`, nothing else.
    """
    if not edits and tree is not None:
        return tree
    sink = sink if sink is not None else objects
    return write_folder(sink, _edited(objects, sink, tree, _nested(edits)))


def _edited(objects: Objects, sink: Sink, tree: ObjectId | None, edits: dict) -> dict[bytes, TreeItem]:  # type: ignore[type-arg]
    items = dict(read_folder(objects, tree)) if tree is not None else {}
    for name, edit in edits.items():
        before = items.get(name)
        if isinstance(edit, dict):
            folder = before.id if before is not None and before.mode == FOLDER_MODE else None
            below = _edited(objects, sink, folder, edit)
            if below:
                items[name] = TreeItem(FOLDER_MODE, write_folder(sink, below))
            elif folder is not None:
                del items[name]
        elif edit is not None:
            items[name] = edit
        elif before is not None and before.mode != FOLDER_MODE:
            del items[name]
    return items


def _nested(edits: Edits) -> dict:  # type: ignore[type-arg]
    """{'a/b': x, 'a/c': None} -> {b'a': {b'b': x, b'c': None}}. Removals come first, so that a folder can become a file."""
    nested: dict = {}  # type: ignore[type-arg]
    for path, edit in sorted(edits.items(), key=lambda each: (each[1] is not None, each[0])):
        *folders, name = os.fsencode(path).split(b"/")
        level = nested
        for folder in folders:
            below = level.get(folder)
            if not isinstance(below, dict):
                below = level[folder] = {}
            level = below
        if edit is None and isinstance(level.get(name), dict):
            continue
        level[name] = edit
    return nested


def walk(objects: Objects, tree: ObjectId, prefix: str = "") -> Iterator[tuple[WorkspacePath, TreeItem]]:
    """Every file below, by path within its folder."""
    for name, item in sorted(read_folder(objects, tree).items()):
        path = prefix + os.fsdecode(name)
        if item.mode == FOLDER_MODE:
            yield from walk(objects, item.id, path + "/")
        else:
            yield WorkspacePath(path), item


def find(objects: Objects, tree: ObjectId, path: str) -> TreeItem | None:
    """The file or folder at `path`; costs one tree a level."""
    item = TreeItem(FOLDER_MODE, tree)
    for name in os.fsencode(path).split(b"/"):
        if item.mode != FOLDER_MODE:
            return None
        found = read_folder(objects, item.id).get(name)
        if found is None:
            return None
        item = found
    return item


def count_differences(objects: Objects, before: ObjectId | None, after: ObjectId | None) -> int:
    """How many files differ."""
    return sum(1 for _ in differences(objects, before, after))


def differences(
    objects: Objects, before: ObjectId | None, after: ObjectId | None, prefix: str = ""
) -> Iterator[tuple[WorkspacePath, str, TreeItem | None, TreeItem | None]]:
    """(path, added | updated | removed, item before, item after), by path; equal folders are not opened."""
    if before == after:
        return
    old = read_folder(objects, before) if before is not None else {}
    new = read_folder(objects, after) if after is not None else {}
    for name in sorted(old.keys() | new.keys()):
        was, is_now = old.get(name), new.get(name)
        if was == is_now:
            continue
        path = prefix + os.fsdecode(name)
        was_folder = was.id if was is not None and was.mode == FOLDER_MODE else None
        is_folder = is_now.id if is_now is not None and is_now.mode == FOLDER_MODE else None
        if was_folder or is_folder:
            yield from differences(objects, was_folder, is_folder, path + "/")
        old_file, new_file = (None if was_folder else was), (None if is_folder else is_now)
        if old_file is not None or new_file is not None:
            kind = ADDED if old_file is None else REMOVED if new_file is None else UPDATED
            yield WorkspacePath(path), kind, old_file, new_file
