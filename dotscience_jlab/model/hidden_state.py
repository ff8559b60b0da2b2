"""State of a process that no variable of a notebook shows, under the names by which the kernel reports that it changed.

They stand among the names of variables (`NamesSeen.changed`) and cannot be taken for one: no variable is called `<cwd>`.
"""

from __future__ import annotations

RANDOM = ("<random>", "<numpy.random>", "<torch.random>")
"""Generators of a whole process: drawing from one changes it, and the next draw depends on every one before."""

SETTINGS = ("<cwd>", "<environment variables>", "<sys.path>", "<warnings>", "<matplotlib settings>", "<pandas options>",
            "<torch settings>")
"""What may rule how any later code behaves, without a trace in that code."""
