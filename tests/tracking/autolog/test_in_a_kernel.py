"""In a real kernel: a cell that fits is a run, errors look as ever, and without one of the libraries nothing of it is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..kernel_driver import Kernel
from ..spool_reading import events_of, points_of


@pytest.fixture
def kernel(own_home: Path, tmp_path: Path, recorder: object) -> Kernel:
    kernel = Kernel(own_home, tmp_path)
    yield kernel
    kernel.close()


def test_a_fit_is_a_run_and_an_error_looks_as_ever(kernel: Kernel) -> None:
    loaded = "[each for each in sys.modules if each.startswith('dotscience_jlab.tracking.autolog.')]"
    nothing = kernel.run(f"import sys; print({loaded})", cell_id="a")
    assert nothing.text() == "['dotscience_jlab.tracking.autolog.switch']\n"
    fit = kernel.run(
        "from sklearn.linear_model import Ridge\nX, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.5]\n"
        "found = Ridge(alpha=0.5).fit(X, y).score(X, y)\nprint(found)", cell_id="b",
    )
    wrong = kernel.run("Ridge(alpha=-1).fit(X, y)", cell_id="c")
    kernel.events("execution_finished", execution=wrong)
    events = events_of(kernel.session, "run_opened", "run_recorded")
    (opened,) = [each for each in events if each["event"] == "run_opened"]
    assert opened["opened_by"] == "implicit" and opened["execution"].endswith(fit.tail)
    recorded = {name: value for each in events if each["event"] == "run_recorded" for name, value in each["items"].items()}
    assert {"model": "Ridge", "alpha": 0.5, "autolog": "sklearn"}.items() <= recorded.items()
    assert points_of(kernel.session) == [(opened["run"], "score_X", None, float(fit.text()))]
    (error,) = [each["content"] for each in wrong.messages if each["msg_type"] == "error"]
    assert error["ename"] == "InvalidParameterError" and "around.py" not in "".join(error["traceback"])
