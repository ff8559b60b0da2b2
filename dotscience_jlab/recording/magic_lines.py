"""What in a cell is not Python: magics, shell lines and help. They are put aside for reading the rest, and told of."""

from __future__ import annotations

import re
from dataclasses import dataclass

PYTHON_CELL_MAGICS = ("time", "timeit", "capture", "prun", "ds_run")
"""Cell magics whose body is Python run in the notebook's own names."""
PYTHON_LINE_MAGICS = ("time", "timeit", "prun", "memit", "mprun", "lprun")
"""Line magics that run the rest of their line."""
SETTING_MAGICS = frozenset(
    "matplotlib pylab cd env set_env load_ext reload_ext config autoreload pip conda mamba aimport store alias gui precision "
    "xmode rehashx pushd popd unload_ext".split()
)
"""Magics that change how later cells run."""
HARMLESS_MAGICS = frozenset(
    "ds_run ds_runs ds_diff ds_recipe ds_pause ds_resume who whos who_ls pwd ls time timeit html markdown latex svg javascript js "
    "bash sh script writefile capture prun lsmagic magic history pinfo pdoc psource quickref".split()
)
"""Magics that bind no name of the notebook's, but for what the line says."""
_MAGIC = re.compile(r"^(?P<indent>\s*)(?:(?P<name>[\w.]+)\s*=\s*)?(?P<sign>%%?|!!?)\s*(?P<word>[\w./]*)[ \t]*(?P<rest>.*)$")
_CAPTURED = re.compile(r"^%%capture\s+(?:-\S+\s+)*([A-Za-z_]\w*)")
_INSERTED = re.compile(r"\{([A-Za-z_]\w*)|\$([A-Za-z_]\w*)")


@dataclass(frozen=True)
class MagicLines:
    magics: tuple[str, ...] = ()
    """Names, without their signs, in order."""
    has_shell: bool = False
    inserted: frozenset[str] = frozenset()
    """Names that `{name}` and `$name` put into such lines."""

    @property
    def is_setting(self) -> bool:
        return bool(SETTING_MAGICS & set(self.magics))

    @property
    def is_unknown(self) -> bool:
        """One among them may do anything to the notebook's names."""
        return any(name not in SETTING_MAGICS | HARMLESS_MAGICS and name != "run" for name in self.magics)

    @property
    def runs_file(self) -> bool:
        return "run" in self.magics


def plain_python(source: str) -> str:
    """The cell without what is not Python: magics, shell lines and help become `pass`, `x = !ls` becomes `x = None`."""
    lines = source.splitlines()
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is not None and lines[first].lstrip().startswith("%%"):
        words = lines[first].strip()[2:].split(None, 1)
        if not words or words[0] not in PYTHON_CELL_MAGICS:
            return ""
        captured = _CAPTURED.match(lines[first].strip())
        lines = lines[:first] + [f"{captured.group(1)} = None" if captured else ""] + lines[first + 1 :]
    return "\n".join(_plain_line(line) for line in _joined(lines))


def magic_lines(source: str) -> MagicLines:
    magics: list[str] = []
    inserted: set[str] = set()
    has_shell = False
    lines = source.splitlines()
    for number, line in enumerate(lines):
        found = _MAGIC.match(line)
        if found is None or not _is_magic(line, found):
            continue
        if found["sign"].startswith("!"):
            has_shell = True
        else:
            magics.append(found["word"])
            has_shell = has_shell or found["word"] in ("bash", "sh", "script", "pip", "conda", "mamba")
        is_cell = found["sign"] == "%%"
        text = "\n".join(lines[number:]) if is_cell else line
        inserted |= {one or other for one, other in _INSERTED.findall(text)}
        if is_cell and found["word"] not in PYTHON_CELL_MAGICS:
            break
    return MagicLines(tuple(magics), has_shell, frozenset(inserted))


def _is_magic(line: str, found: re.Match[str]) -> bool:
    """`x = %time y` and `!ls` are; `a % b` and `x = 5 % y` are not, nor is `    !=`"""
    if found["sign"].startswith("%"):
        return bool(found["word"]) and (found["name"] is not None or line.lstrip().startswith("%"))
    return not (found["rest"] + found["word"]).startswith("=")


def _plain_line(line: str) -> str:
    bare = line.lstrip()
    indent = line[: len(line) - len(bare)]
    found = _MAGIC.match(line)
    if found is not None and _is_magic(line, found):
        if found["sign"] == "%" and found["word"] in PYTHON_LINE_MAGICS:
            rest = re.sub(r"^(?:-\w+(?:\s*\d+)?\s+)+", "", found["rest"])
            return f"{indent}{found['name'] + ' = ' if found['name'] else ''}{rest or 'pass'}"
        return f"{indent}{found['name']} = None" if found["name"] else f"{indent}pass"
    if bare.startswith("?") or (bare.rstrip().endswith("?") and "#" not in bare):
        return f"{indent}pass"
    return line


def _joined(lines: list[str]) -> list[str]:
    """A magic's line goes on after a backslash; the lines stay as many."""
    found: list[str] = []
    is_going_on = False
    for line in lines:
        if is_going_on:
            found.append("")
        else:
            found.append(line)
        is_going_on = line.rstrip().endswith("\\") and (is_going_on or line.lstrip().startswith(("%", "!")))
    return found
