"""Names that come from outside are checked where they enter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dotscience_jlab.errors import DotscienceError, InvalidId, UnsafePath
from dotscience_jlab.model import ids
from dotscience_jlab.model.instant import epoch_s, instant
from dotscience_jlab.model.paths import relative_to_root, workspace_path

MADE = [
    ("session", ids.new_session_id),
    ("run", ids.new_run_id),
    ("snapshot", ids.new_snapshot_id),
    ("notebook", ids.new_notebook_id),
    ("store", ids.new_store_id),
    ("execution", lambda: ids.execution_id(ids.SessionId("k-0123456789abcdef"), "3f_12_1")),
]


@pytest.mark.parametrize("kind, make", MADE, ids=[kind for kind, _ in MADE])
def test_every_id_we_make_passes_its_own_check(kind, make):
    made = make()
    assert ids.check_id(kind, made) == made


@pytest.mark.parametrize("kind", [kind for kind, _ in MADE])
@pytest.mark.parametrize("text", ["", "../../etc/passwd", "a/b", "s-\n", "k-0123456789abcdef:../x", "x" * 500, None, 7])
def test_an_id_that_climbs_is_refused(kind, text):
    with pytest.raises(InvalidId):
        ids.check_id(kind, text)


@given(st.text())
def test_any_message_id_makes_a_valid_execution_id(msg_id):
    made = ids.execution_id(ids.SessionId("k-0123456789abcdef"), msg_id)
    assert ids.check_id("execution", made) == made
    assert ids.session_of(made) == "k-0123456789abcdef"


@pytest.mark.parametrize("text", ["", "/x", "../x", "a/../b", "a//b", "./a", "a/", "a\0b", ".dotscience/x", "a/.."])
def test_a_path_that_leaves_the_folder_is_refused(text):
    with pytest.raises(UnsafePath):
        workspace_path(text)


@given(st.lists(st.text(min_size=1).filter(lambda t: "/" not in t and "\0" not in t), min_size=1, max_size=4))
def test_a_path_is_inside_or_refused(parts):
    text = "/".join(parts)
    try:
        checked = workspace_path(text)
    except UnsafePath:
        assert parts[0] == ".dotscience" or {".", ".."} & set(parts)
    else:
        assert relative_to_root(f"/w/{checked}", "/w") == checked


@pytest.mark.parametrize(
    "disk_path, root, path",
    [
        ("/w/a/b", "/w", "a/b"), ("/w/a", "/w/", "a"), ("/wx/a", "/w", None), ("/w", "/w", None),
        ("/w/.dotscience/x", "/w", None), ("/a", "/", "a"),
    ],
)
def test_relative_to_root(disk_path, root, path):
    assert relative_to_root(disk_path, root) == path


@given(st.floats(0, 4_000_000_000))
def test_instants_sort_as_time_and_come_back_to_the_microsecond(moment):
    text = instant(moment)
    assert len(text) == 27 and abs(epoch_s(text) - moment) < 2e-6
    assert instant(moment + 1) > text


def test_every_kind_of_error_travels_as_itself():
    for cls in _family(DotscienceError):
        back = DotscienceError.from_json(cls("what", "do", path="x").to_json())
        assert type(back) is cls and (back.message, back.hint, back.details) == ("what", "do", {"path": "x"})


def _family(cls):
    yield cls
    for child in cls.__subclasses__():
        yield from _family(child)
