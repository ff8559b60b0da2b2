"""What a snapshot leaves out, and why, in words: secrets never, environments and caches, and what .gitignore or .dsignore say."""

from __future__ import annotations

from pathspec import GitIgnoreSpec

NEVER_READ = (
    ".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".netrc",
    ".pgpass", ".pypirc", ".git-credentials", "credentials.json", "token.json", "kaggle.json", "*.kdbx", ".aws/", ".ssh/",
    ".gnupg/", ".azure/", ".config/gcloud/", ".docker/config.json", ".kube/",
)
"""Key files and credentials: never opened, never stored."""

LEFT_OUT = (
    ".git/", ".hg/", ".svn/", ".dotscience/", ".ipynb_checkpoints/", "__pycache__/", ".venv/", "venv/", ".conda/", ".pixi/",
    "node_modules/", ".mypy_cache/", ".pytest_cache/", ".ruff_cache/", ".tox/", ".nox/", ".cache/", ".hypothesis/",
    ".virtual_documents/", ".jupyter_ystore.db", "*.pyc", ".DS_Store", ".~*", "*.swp", ".nfs*", "*.egg-info/",
)
"""Environments, caches and editors' own files: rebuilt by whoever needs them."""

_SECRET = GitIgnoreSpec.from_lines(NEVER_READ)
_LEFT_OUT = GitIgnoreSpec.from_lines(LEFT_OUT)

SECRET_REASON = "It may hold secrets; such files are never read."
LEFT_OUT_REASON = "Environments, caches and repositories are left out."
IGNORED_REASON = "{file} says to ignore it."
EXCLUDED_REASON = "The folder's settings exclude it."

IGNORE_FILES = (".gitignore", ".dsignore")


class IgnoreRules:
    """The rules in force in one folder: those of its ancestors and its own. Immutable; `below` makes the next one."""

    def __init__(self, excludes: tuple[str, ...] = ()) -> None:
        self._excludes = GitIgnoreSpec.from_lines(excludes) if excludes else None
        self._files: tuple[tuple[str, str, GitIgnoreSpec], ...] = ()
        """(folder prefix, file name, spec), outermost first."""

    def below(self, prefix: str, texts: dict[str, str]) -> IgnoreRules:
        """With the ignore files of the folder `prefix` ('' or 'data/'); texts: file name -> its content."""
        if not texts:
            return self
        made = IgnoreRules()
        made._excludes = self._excludes
        specs = [(prefix, name, GitIgnoreSpec.from_lines(text.splitlines())) for name, text in sorted(texts.items())]
        made._files = (*self._files, *specs)
        return made

    def forced_reason(self, path: str, is_folder: bool) -> str | None:
        """Why `path` stays out even if a cell touched it."""
        name = path + "/" if is_folder else path
        if _SECRET.match_file(name):
            return SECRET_REASON
        return LEFT_OUT_REASON if _LEFT_OUT.match_file(name) else None

    def reason(self, path: str, is_folder: bool) -> str | None:
        """Why `path` is left out unless a cell touched it; the innermost ignore file that has an opinion decides."""
        name = path + "/" if is_folder else path
        if self._excludes is not None and self._excludes.match_file(name):
            return EXCLUDED_REASON
        for prefix, file, spec in reversed(self._files):
            opinion = spec.check_file(name[len(prefix) :]).include
            if opinion is not None:
                return IGNORED_REASON.format(file=prefix + file) if opinion else None
        return None
