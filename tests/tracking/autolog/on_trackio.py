"""Trackio, kept on this computer: its config and rows are here too."""

from __future__ import annotations

from .trial import both, trial

LOCAL = {"HF_HUB_OFFLINE": "1", "TRACKIO_DIR": "trackio-store"}
QUIET = "import contextlib, io, os\nleave_at_once = True\nwith contextlib.redirect_stdout(io.StringIO()):\n    import trackio\n"


def story_config_and_rows() -> None:
    seen = both(
        QUIET + "    run = trackio.init(project='p', name='n', config={'lr': 0.1, 'net': {'depth': 2}}, embed=False)\n",
        ("train", "with contextlib.redirect_stdout(io.StringIO()):\n"
         "    for i in range(3):\n"
         "        trackio.log({'loss': 1 / (i + 1), 'note': 'fine'})\n"
         "    trackio.log({'acc': 0.5}, step=10)\n"
         "    ds.autolog(trackio=False); trackio.log({'unseen': 1.0})\n"
         "    trackio.finish()\n"
         "result = [run.name, {k: v for k, v in run.config.items() if not k.startswith('_')}, run._next_step]"),
        env=LOCAL,
    )
    run = seen.run
    assert run.parameters == {"lr": 0.1, "net.depth": 2} and run.labels == {"autolog": "trackio"}
    assert run.points == {"loss": [(0, 1.0), (1, 0.5), (2, 1 / 3)], "acc": [(10, 0.5)]} and run.texts == {"note": "fine"}


def story_another_shape_is_told_once() -> None:
    seen = trial(
        QUIET + "    run = trackio.init(project='p', name='n', config={'lr': 0.1}, embed=False)\n"
        "    trackio.log({'loss': 1.0}); trackio.finish()\nresult = run._next_step",
        before="import functools, trackio.run as r\nr.Run.log = functools.partialmethod(r.Run.log)",
        env=LOCAL,
    )
    assert seen.result == 1 and seen.run.parameters == {"lr": 0.1} and not seen.run.points
    assert seen.log.count("Autologging does not know this trackio") == 1
