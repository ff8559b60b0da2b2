"""Which words of a command line name files that a program will read: `sort -k2 a.csv > b.csv` -> `a.csv`. Opens nothing."""

from __future__ import annotations

import os
import re
from typing import Any, Iterator, List

MAX_WORDS = 200
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
_TARGET_LAST = frozenset({"cp", "mv", "ln", "install", "rsync", "scp"})
"""Their last word is where they write."""
_READ_NOTHING = frozenset({
    "rm", "rmdir", "mkdir", "touch", "truncate", "chmod", "chown", "chgrp", "ls", "stat", "du", "df", "find", "tree", "file",
    "cd", "pwd", "echo", "printf", "kill", "which", "test", "realpath", "readlink", "basename", "dirname", "tee", "wget", "curl",
    "git", "fuser", "lsof",
})  # fmt: skip
"""What they are told by name is made, removed or looked at from outside, not read. git's own store is no input."""
_TARGET_OPTIONS = frozenset({"-o", "--output", "--out", "-O", "--outfile", "--output-file"})
_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>[0-9&]*>>?&?[0-9]?|<|;|&&|\|\|?|&|[()\n])|(?P<word>(?:[^\s'"\\;|&<>()]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)|.)"""
)
_QUOTES = re.compile(r"""\\(.)|'([^']*)'|"((?:[^"\\]|\\.)*)\"""")
_ENDS_COMMAND = frozenset({";", "&&", "||", "|", "&", "(", ")", "\n"})


def named_files(argv: Any) -> Iterator[str]:
    """(['sort', 'a.csv']) or a shell's one line -> words that may be names of files it reads, at most 200, as they stand there."""
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
    """'%%bash\nsort a.csv' -> 'sort a.csv': the lines that a cell hands to a shell; '' for other cells."""
    head, _, body = source.partition("\n")
    words = head.split()
    is_shell = words[0] in ("%%bash", "%%sh", "%%!", "%%system", "%%sx") or (words[0] == "%%script" and _names_shell(words[1:]))
    return body if is_shell else ""


def _names_shell(words: List[str]) -> bool:
    return any(os.path.basename(word) in _SHELLS for word in words)


def _of_line(line: str) -> Iterator[str]:
    """A line for a shell: its commands one by one; where output is sent to is no input."""
    words: List[str] = []
    n_words, target_follows = 0, False
    for match in _TOKEN.finditer(line):
        sign, word = match["sign"], match["word"]
        if word is not None:
            n_words += 1
            if n_words > MAX_WORDS:
                break
            if not target_follows:
                words.append(_QUOTES.sub(lambda found: found[1] or found[2] or found[3] or "", word))
            target_follows = False
        elif sign is not None and sign in _ENDS_COMMAND:
            yield from _of_words(words)
            words, target_follows = [], False
        elif sign is not None:
            target_follows = ">" in sign and "&" not in sign[1:]
    yield from _of_words(words)


def _of_words(words: List[str]) -> Iterator[str]:
    while words and re.match(r"\w+=", words[0]):  # `A=1 sort x`: a variable of that command alone
        words = words[1:]
    if not words:
        return
    program = os.path.basename(words[0])
    if program in _READ_NOTHING:
        return
    if "/" in words[0] and os.path.splitext(program)[1]:
        yield words[0]  # ./prepare.sh is read as well as run; a compiled program has no suffix
    rest = words[1:-1] if program in _TARGET_LAST else words[1:]
    is_target = False
    for word in rest:
        if is_target or word in _TARGET_OPTIONS:
            is_target = not is_target
            continue
        if word.startswith("-"):
            _, equals, word = word.partition("=")
            if not equals or _ in _TARGET_OPTIONS:
                continue
        for each in (word, word.partition("=")[2]):
            if 0 < len(each) < 4096 and "\n" not in each and not each.startswith("-"):
                yield each
