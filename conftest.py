"""How much of the long suites runs: a fixed, printed, seeded share of each by default, all of it with `--whole`."""

from __future__ import annotations

import random
from collections import defaultdict

import hypothesis
import pytest

pytest_plugins = ["pytest_jupyter.jupyter_server"]
"""Servers for `tests/server`; pytest takes plugins from this conftest only."""

SHARE = 0.2
SEED = 20261121

hypothesis.settings.register_profile("share", derandomize=True, max_examples=30, deadline=None, print_blob=True)
hypothesis.settings.register_profile("whole", max_examples=1000, deadline=None, print_blob=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("dotscience")
    group.addoption("--whole", action="store_true", help="run every long suite whole")
    group.addoption("--share", type=float, default=SHARE, help=f"share of each long suite (default {SHARE})")
    group.addoption("--seed", type=int, default=SEED, help=f"which share (default {SEED})")


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.load_profile("whole" if config.getoption("--whole") else "share")


def pytest_report_header(config: pytest.Config) -> str:
    if config.getoption("--whole"):
        return "long suites: whole"
    share, seed = config.getoption("--share"), config.getoption("--seed")
    return f"long suites: a share of {share:g} of each, seed {seed}; `make test-slow` runs all"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of the tests marked slow keep, file by file, a seeded sample of at least one; a test asked for by its name stays.

    `slow(share=0.02)` keeps less of a suite by default than the others do, for those whose single tests take long;
    `slow(share=0)` keeps none.
    """
    if config.getoption("--whole") or any("::" in argument for argument in config.args):
        return
    suites: dict[tuple[str, float], list[pytest.Item]] = defaultdict(list)
    for item in items:
        mark = item.get_closest_marker("slow")
        if mark:
            share = config.getoption("--share") * mark.kwargs.get("share", SHARE) / SHARE
            suites[item.nodeid.split("::")[0], share].append(item)
    left_out: set[pytest.Item] = set()
    for (name, share), suite in suites.items():
        n_kept = min(len(suite), max(1, round(len(suite) * share))) if share else 0
        kept = random.Random(f"{config.getoption('--seed')} {name}").sample(suite, n_kept)
        left_out |= set(suite) - set(kept)
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if item in left_out])
        items[:] = [item for item in items if item not in left_out]
