"""How long a cell may wait for the recorder to have staged the one before: seldom, briefly, and not on a dead one.

At most 200 ms for one cell and, over the session, START_CREDIT_S plus 1 % of its time; not at all after three late answers,
until one was there before it was needed.
"""

from __future__ import annotations

from dataclasses import dataclass

SHARE = 0.01
START_CREDIT_S = 0.05
"""A notebook run from top to bottom right after the start has no session time behind it yet to take the share of; with the
share it stays below 5 % of a Run All of six seconds (bench/run_all.py)."""
MAX_LATE = 3


@dataclass
class Patience:
    longest_s: float = 0.2
    waited_s: float = 0.0
    n_late: int = 0
    """Late answers in a row."""

    def allowance_s(self, session_age_s: float) -> float:
        """Seconds that this cell may wait; 0: do not wait."""
        if self.n_late >= MAX_LATE:
            return 0.0
        left = START_CREDIT_S + SHARE * session_age_s - self.waited_s
        return max(0.0, min(self.longest_s, left))

    def note(self, waited_s: float, *, is_answered: bool) -> None:
        """After every cell, one that did not wait included: was the answer there?"""
        self.waited_s += waited_s
        self.n_late = 0 if is_answered else self.n_late + 1
