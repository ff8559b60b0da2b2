"""The standard library, as notebooks use it."""

from __future__ import annotations

from ..operation import Operation

TEXT = "open('a.txt', 'w').write('text')"
OUTSIDE = "open('../outside/a.txt', 'w').write('text')"


def python(name: str, act: str, **more: object) -> Operation:
    return Operation(name, "standard library", act, **more)  # type: ignore[arg-type]


OPERATIONS = (
    python("open for reading", "open('a.txt').read()", setup=TEXT, reads=("a.txt",)),
    python("open for reading, outside", "open('../outside/a.txt').read()", setup=OUTSIDE, reads=("../outside/a.txt",)),
    python("open for writing", "with open('b.txt', 'w') as file: file.write('x')", writes=("b.txt",)),
    python("os.sendfile", "import os\na = os.open('a.txt', os.O_RDONLY); b = os.open('b.txt', os.O_WRONLY | os.O_CREAT)\n"
           "os.sendfile(b, a, 0, 4); os.close(a); os.close(b)", setup=TEXT, reads=("a.txt",), writes=("b.txt",)),
)
