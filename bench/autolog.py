"""What looking on costs the libraries: the same work with autologging on and off, in turn, in one recorded process.

    python bench/autolog.py [--json] [--rounds 7]

The limits are of the CPU: 1.02 where something is computed, 60 µs a call where another tracker's call is mirrored.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from _measure import Report, measured_in_turn

ROOT = Path(__file__).resolve().parents[1]
LIMIT, CALL_LIMIT_US = 1.02, 60
N_CALLS = 5_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    home = tempfile.mkdtemp(prefix="ds-bench-")
    os.environ.update(HOME=home, JUPYTER_DATA_DIR=f"{home}/data", JUPYTER_RUNTIME_DIR=f"{home}/runtime", OMP_NUM_THREADS="1")
    os.chdir(home)
    sys.path.insert(0, str(ROOT))
    report = Report(arguments.json)
    import dotscience_jlab as ds

    ds.label("bench", "autolog")  # a session, and its recorder

    from sklearn.datasets import make_classification
    from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score
    from torch.utils.tensorboard import SummaryWriter

    X, y = make_classification(4_000, 20, random_state=0)
    writer = SummaryWriter("logs")

    def train() -> None:
        for depth in (4, 8):
            model = RandomForestClassifier(40, max_depth=depth, random_state=0).fit(X, y)
            accuracy_score(y, model.predict(X))
        LogisticRegression().fit(X, y).score(X, y)

    def boost() -> None:
        AdaBoostClassifier(n_estimators=150, random_state=0).fit(X[:500], y[:500])

    def scalars() -> None:
        for i in range(N_CALLS):
            writer.add_scalar("loss", 0.5, i)

    def in_turn(work: object) -> list[object]:
        def on(_: int) -> None:
            ds.autolog(True)
            work()  # type: ignore[operator]

        def off(_: int) -> None:
            ds.autolog(False)
            work()  # type: ignore[operator]

        on(0)  # once before it counts: files are read, caches are filled
        return measured_in_turn([on, off], arguments.rounds)

    for what, work in (("two forests, a regression and their scores", train), ("150 fits inside one", boost)):
        with_us, without = in_turn(work)
        report.row(what, with_us, "autologging off", without, LIMIT)
    with_us, without = in_turn(scalars)
    report.row(f"{N_CALLS} scalars to TensorBoard", with_us, "autologging off", without)
    report.amount("added to a call that is mirrored", (with_us.cpu_s - without.cpu_s) / N_CALLS * 1e6, "µs", CALL_LIMIT_US)
    report.finish()
    return 0


if __name__ == "__main__":
    sys.exit(main())
