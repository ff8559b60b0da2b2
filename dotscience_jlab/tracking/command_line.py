"""Which words of a command line name files that a program reads or writes: `sort -k2 a.csv > b.csv`. Textual, opens nothing."""

from __future__ import annotations

import os
import re
from typing import Any, Iterator, List, Tuple

from .roles import INPUT, OUTPUT

MAX_WORDS = 200
Named = Iterator[Tuple[str, str]]
"""(word as it stands there, input | output)"""

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
_TARGET_LAST = frozenset({"cp", "mv", "ln", "install", "rsync", "scp"})
"""Their last word is where they write."""
_TARGETS_ALL = frozenset({"tee", "touch", "truncate", "rm"})
_NAME_NOTHING = frozenset({
    "rmdir", "mkdir", "chmod", "chown", "chgrp", "ls", "stat", "du", "df", "find", "tree", "file", "cd", "pwd", "echo", "printf",
    "kill", "which", "test", "realpath", "readlink", "basename", "dirname", "wget", "curl", "git", "fuser", "lsof",
})  # fmt: skip
"""What they are told by name is looked at from outside, not read. git's own store is no input."""
_TARGET_OPTIONS = frozenset({"-o", "--output", "--out", "-O", "--outfile", "--output-file"})
_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>[0-9&]*>>?&?[0-9]?|<|;|&&|\|\|?|&|[()\n])|(?P<word>(?:[^\s'"\\;|&<>()]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)|.)"""
)
_QUOTES = re.compile(r"""\\(.)|'([^']*)'|"((?:[^"\\]|\\.)*)\"""")
_ENDS_COMMAND = frozenset({";", "&&", "||", "|", "&", "(", ")", "\n"})


def named_files(argv: Any) -> Named:
    """(['sort', 'a.csv'], or a shell's one line) -> words that may be names of files, of at most 200.

    What is read is told for certain only in that it is named; what is written shows in whether it changed.
    """
    if isinstance(argv, (str, bytes)):
        yield from _of_line(os.fsdecode(argv))
        return
    words = [os.fsdecode(each) for each in list(argv)[:MAX_WORDS]]
    if words and os.path.basename(words[0]) in _SHELLS:
        for number, word in enumerate(words[1:], 1):
            if word.startswith("-") and word.endswith("c") and number + 1 < len(words):
                yield from _of_line(words[number + 1])
                return
    yield from _of_words(words)


def script_of(source: str) -> str:
    """'%%bash\\nsort a.csv' -> 'sort a.csv': the lines that a cell hands to a shell; '' for other cells."""
    head, _, body = source.partition("\n")
    words = head.split()
    is_shell = words[0] in ("%%bash", "%%sh", "%%!", "%%system", "%%sx") or (words[0] == "%%script" and _names_shell(words[1:]))
    return body if is_shell else ""


def _names_shell(words: List[str]) -> bool:
    return any(os.path.basename(word) in _SHELLS for word in words)


def _of_line(line: str) -> Named:
    """A line for a shell: its commands one by one, and where it sends their output."""
    words: List[str] = []
    n_words, target_follows = 0, False
    for match in _TOKEN.finditer(line):
        sign, word = match["sign"], match["word"]
        if word is not None:
            n_words += 1
            if n_words > MAX_WORDS:
                break
            word = _QUOTES.sub(lambda found: found[1] or found[2] or found[3] or "", word)
            if target_follows:
                yield from _named(word, OUTPUT)
            else:
                words.append(word)
            target_follows = False
        elif sign is not None and sign in _ENDS_COMMAND:
            yield from _of_words(words)
            words, target_follows = [], False
        elif sign is not None:
            target_follows = ">" in sign and "&" not in sign[1:]
    yield from _of_words(words)


def _of_words(words: List[str]) -> Named:
    while words and re.match(r"\w+=", words[0]):  # `A=1 sort x`: a variable of that command alone
        words = words[1:]
    if not words:
        return
    program = os.path.basename(words[0])
    if program in _NAME_NOTHING:
        return
    if "/" in words[0] and os.path.splitext(program)[1]:
        yield words[0], INPUT  # ./prepare.sh is read as well as run; a compiled program has no suffix
    role_of_last = OUTPUT if program in _TARGET_LAST else INPUT
    is_target = False
    for number, word in enumerate(words[1:], 2):
        role = OUTPUT if program in _TARGETS_ALL or is_target else role_of_last if number == len(words) else INPUT
        if word.startswith("-") and not is_target:
            option, equals, word = word.partition("=")
            is_target = option in _TARGET_OPTIONS and not equals
            if not equals:
                continue
            role = OUTPUT if option in _TARGET_OPTIONS else role
        else:
            is_target = False
        for each in (word, word.partition("=")[2]):
            yield from _named(each, OUTPUT if word.startswith("of=") else role)


def _named(word: str, role: str) -> Named:
    if 0 < len(word) < 4096 and "\n" not in word and not word.startswith("-"):
        yield word, role
