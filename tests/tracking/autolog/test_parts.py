"""The parts of autologging that need no library."""

from __future__ import annotations

import threading
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest

from dotscience_jlab import autolog as verb
from dotscience_jlab.errors import InvalidRequest
from dotscience_jlab.settings import Settings, load_settings
from dotscience_jlab.tracking import active
from dotscience_jlab.tracking.autolog import MODULES, ledger, switch
from dotscience_jlab.tracking.autolog.naming import is_told_otherwise, logs_result_of, name_in_caller
from dotscience_jlab.tracking.autolog.nesting import Nesting
from dotscience_jlab.tracking.autolog.parameters import MAX_PARAMETERS, described, in_words
from dotscience_jlab.tracking.session import Session

from ..fake_recorder import FakeRecorder

ALL = set(switch.SOURCES)


@pytest.mark.parametrize("asked_for, chosen", [
    ("", ALL), ("on", ALL), ("off", set()), ("false", set()), ("False", set()), ("sklearn, keras", {"sklearn", "keras"}),
    ("-mlflow", ALL - {"mlflow"}), ("sklearn,-mlflow", {"sklearn"}), ("of_another_version", ALL), ("-of_another_version", ALL),
])
def test_what_is_listened_to(asked_for: str, chosen: set[str]) -> None:
    assert switch.chosen(asked_for) == chosen


def test_every_source_is_one_file_and_has_a_switch() -> None:
    here = Path(switch.__file__).parent
    assert set(MODULES) == ALL and all((here / f"{source}.py").is_file() for source in ALL)


def test_switching(monkeypatch: pytest.MonkeyPatch) -> None:
    listened: list[str] = []
    monkeypatch.setattr(switch, "_is_on", set())
    switch.start_with("keras", listened.append)
    assert listened == ["keras"]
    verb(sklearn=True)
    assert switch.is_on("sklearn") and switch.is_on("keras") and not switch.is_on("mlflow") and listened == ["keras", "sklearn"]
    verb(False, wandb=True)
    assert switch._is_on == {"wandb"}
    verb()
    assert switch._is_on == ALL
    verb(False)
    assert switch._is_on == set()
    with pytest.raises(InvalidRequest, match="knows no library sklern"):
        verb(sklern=False)


@pytest.mark.parametrize("user, environment, found", [
    (None, None, ""), ('{"autolog": "off"}', None, "off"), ('{"autolog": ["sklearn", "-mlflow"]}', None, "sklearn,-mlflow"),
    ('{"autolog": false}', None, "False"), ('{"autolog": "off"}', "keras", "keras"),
])
def test_where_it_is_set(settings: Settings, user: str | None, environment: str | None, found: str,
                         monkeypatch: pytest.MonkeyPatch) -> None:
    if user is not None:
        settings.data_dir.mkdir(parents=True)
        (settings.data_dir / "settings.json").write_text(user)
    if environment is not None:
        monkeypatch.setenv("DOTSCIENCE_AUTOLOG", environment)
    assert load_settings().autolog == found


class Fitted:
    pass


class Array:
    shape = (150, 4)


@pytest.mark.parametrize("value, words", [
    (0.1, 0.1), (None, None), ("adam", "adam"), ((10, 5), "(10, 5)"), ([], "[]"), (["a", 1], "['a', 1]"),
    ({"C": [1, 10]}, "{'C': [1, 10]}"),
    (Fitted(), "Fitted"), (Fitted, "Fitted"), (len, "len"), (Array(), "Array (150, 4)"), (list(range(51)), "list of 51"),
    ([Array(), Fitted()], "[Array (150, 4), Fitted]"), (Path("a/b"), "a/b"), ("x" * 501, "x" * 500 + "… (501 characters)"),
])
def test_a_value_in_words(value: object, words: object) -> None:
    assert in_words(value) == words


def test_parameters_are_bounded() -> None:
    assert len(described({i: i for i in range(1000)})) == MAX_PARAMETERS


@pytest.mark.parametrize("source, line, is_logged", [
    ("ds.metric('a', score(x))", 1, True), ("score(x)", 1, False), ("a = score(x)\nds.metric('a', a)", 1, True),
    ("a = score(x)\nprint(a)", 1, False), ("all = {\n  'a': score(x),\n}\nmlflow.log_metrics(all)", 2, True),
    ("wandb.log({\n  'a': score(x),\n})", 2, True), ("if (a := score(x)) > 1:\n    writer.add_scalar('a', a)", 1, True),
    ("a, b = score(x), 1\nds.log({'b': b})", 1, True), ("ds.metric('a', 1)\nscore(x)", 2, False), ("%magic\nscore(x)", 2, False),
    ("", 1, False),
])
def test_what_the_user_logs_himself(source: str, line: int, is_logged: bool) -> None:
    assert logs_result_of(source, line) is is_logged


def test_what_stands_at_the_call() -> None:
    X_test, _hidden = object(), object()
    assert name_in_caller(X_test) == "X_test" and name_in_caller(_hidden) is None and name_in_caller(object()) is None
    assert not is_told_otherwise()

    class Ours:
        @staticmethod
        def metric(name: str, value: bool) -> bool:
            return value

    assert Ours.metric("this very file says so", is_told_otherwise())
    found: dict[str, bool] = {"ask": is_told_otherwise}  # type: ignore[dict-item]
    exec(compile("result = ask()", "/env/lib/python3/site-packages/library/part.py", "exec"), found)
    assert found["result"]


def test_a_worker_of_a_pool_is_inside_what_made_the_pool_and_a_thread_is_not() -> None:
    nesting, found = Nesting(), []
    nesting.enter("fit")
    thread = threading.Thread(target=lambda: found.append(list(nesting.outer())))
    thread.start()
    thread.join()
    with ThreadPool(1) as pool:
        found += pool.map(lambda _: list(nesting.outer()), [0])
    assert found == [[], ["fit"]] and nesting.outer() == ["fit"]
    nesting.leave()
    with ThreadPool(1) as pool:
        assert pool.map(lambda _: list(nesting.outer()), [0]) == [[]] and nesting.outer() == []


def test_nothing_is_recorded_while_recording_is_off(settings: Settings) -> None:
    session = Session(settings, "kernel")
    session.is_paused = True
    active.set_session(session)
    try:
        ledger.begin_fit("sklearn", "Ridge", {"alpha": 1})
        ledger.record_points("sklearn", {"a": 1.0, "b": "text"})
        ledger.record_table("sklearn", "t", [{"a": 1}])
        ledger.record_outputs("mlflow", ["x"])
        assert not session.has_recorded
    finally:
        active.set_session(None)
        session.finish()


def test_a_loop_over_many_small_fits_is_looked_at_two_hundred_times(settings: Settings, recorder: FakeRecorder) -> None:
    session = Session(settings, "kernel")
    active.set_session(session)
    try:
        for _ in range(ledger.MAX_LOOKS):
            assert not ledger.is_enough_of("Ridge")
            assert ledger.begin_fit("sklearn", "Ridge", {"alpha": 1}) == ""
        assert ledger.is_enough_of("Ridge") and not ledger.is_enough_of("Lasso")
        session.start_run("start")
        assert not ledger.is_enough_of("Ridge")
    finally:
        active.set_session(None)
        session.finish()


@pytest.mark.parametrize("step, found", [(3, 3), (3.0, 3), (2.5, None), ("3", None), (None, None), (2**64, None)])
def test_a_step_is_a_whole_number_or_none(step: object, found: int | None) -> None:
    assert ledger.whole_step(step) == found
