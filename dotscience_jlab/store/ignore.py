"""What a snapshot leaves out, and why, in words: secrets never, environments and caches, and what .gitignore or .dsignore say."""

from __future__ import annotations

import fnmatch
import re

from pathspec import GitIgnoreSpec

NEVER_READ = (
    ".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.ppk",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*",
    ".netrc", "_netrc", ".pgpass", ".pypirc", ".git-credentials", ".htpasswd", ".npmrc",
    "credentials.json", "client_secret*.json", "token.json", "kaggle.json", "service-account*.json",
)  # fmt: skip
"""Key files and credentials by name, in any folder and any case: never opened, never stored."""

NEVER_ENTERED = (
    ".aws", ".ssh", ".gnupg", ".azure", ".kube", ".docker", "gcloud",
)  # fmt: skip
"""Folders of credentials."""

LEFT_OUT_FOLDERS = (
    ".git", ".hg", ".svn", ".dotscience", ".ipynb_checkpoints", "__pycache__", ".venv", "venv", ".conda", ".pixi",
    "node_modules", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox", ".cache", ".hypothesis",
    ".virtual_documents", ".eggs", "site-packages",
)  # fmt: skip
LEFT_OUT_FILES = (".jupyter_ystore.db", "*.pyc", ".ds_store", ".~*", "*.swp", ".nfs*", "thumbs.db")
"""Environments, caches and editors' own files: rebuilt by whoever needs them."""

ENVIRONMENT_MARKS = frozenset(("pyvenv.cfg", "conda-meta"))
"""A folder that holds one of these is an environment, whatever its name."""

SECRET_REASON = "It may hold a secret: such files are never read."
LEFT_OUT_REASON = "Environments, caches and repositories are left out."
IGNORED_REASON = "{file} says to ignore it."
EXCLUDED_REASON = "The folder's settings exclude it."

IGNORE_FILES = (".gitignore", ".dsignore")


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, patterns)), re.DOTALL)


_SECRET_FILE, _LEFT_OUT_FILE = _any_of(NEVER_READ), _any_of(LEFT_OUT_FILES)
_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")


def forced_reason(name: str, is_folder: bool) -> str | None:
    """Why a file or folder of this name stays out even if a cell touched it; None: it need not."""
    lower = name.lower()
    if is_folder:
        if lower in NEVER_ENTERED:
            return SECRET_REASON
        return LEFT_OUT_REASON if lower in LEFT_OUT_FOLDERS or is_git_name(lower) else None
    if _SECRET_FILE.match(lower):
        return SECRET_REASON
    return LEFT_OUT_REASON if _LEFT_OUT_FILE.match(lower) or is_git_name(lower) else None


def is_git_name(lower: str) -> bool:
    """Names that git refuses in a tree, because some disk takes them for `.git`. Source: `git fsck`, hasDotgit."""
    return lower in (".git", "git~1") or (not lower.isascii() and _IGNORED_BY_HFS.sub("", lower) == ".git")


class IgnoreRules:
    """The rules in force in one folder: those of its ancestors and its own. Immutable; `below` makes the next one.

    Verdicts are remembered, so that a second scan asks no pattern again.
    """

    def __init__(self, excludes: tuple[str, ...] = ()) -> None:
        self.excludes = excludes
        self._excludes = GitIgnoreSpec.from_lines(excludes) if excludes else None
        self._files: tuple[tuple[str, str, GitIgnoreSpec], ...] = ()
        """(folder prefix, file name, spec), outermost first."""
        self._verdicts: dict[str, str | None] = {}
        self._below: dict[str, tuple[dict[str, str], IgnoreRules]] = {}

    def below(self, prefix: str, texts: dict[str, str]) -> IgnoreRules:
        """With the ignore files of the folder `prefix` ('' or 'data/'); texts: file name -> its content."""
        if not texts:
            return self
        known = self._below.get(prefix)
        if known is not None and known[0] == texts:
            return known[1]
        made = IgnoreRules()
        made.excludes, made._excludes = self.excludes, self._excludes
        specs = [(prefix, name, GitIgnoreSpec.from_lines(text.splitlines())) for name, text in sorted(texts.items())]
        # .dsignore has the last word in its folder: sorted, it comes before .gitignore.
        made._files = (*self._files, *reversed(specs))
        self._below[prefix] = texts, made
        return made

    def reason(self, path: str, is_folder: bool) -> str | None:
        """Why `path` is left out unless a cell touched it; the innermost ignore file that has an opinion decides."""
        if self._excludes is None and not self._files:
            return None
        name = path + "/" if is_folder else path
        if name not in self._verdicts:
            self._verdicts[name] = self._verdict(name)
        return self._verdicts[name]

    def _verdict(self, name: str) -> str | None:
        if self._excludes is not None and self._excludes.match_file(name):
            return EXCLUDED_REASON
        for prefix, file, spec in reversed(self._files):
            opinion = spec.check_file(name[len(prefix) :]).include
            if opinion is not None:
                return IGNORED_REASON.format(file=prefix + file) if opinion else None
        return None
