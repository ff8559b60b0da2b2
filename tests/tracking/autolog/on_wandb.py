"""Weights & Biases offline: its config, rows and summary are here too."""

from __future__ import annotations

from .trial import both, trial

OFFLINE = {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_DISABLE_CODE": "true", "WANDB_CONSOLE": "off"}


def story_config_rows_and_summary() -> None:
    seen = both(
        ("setup", "import wandb\nrun = wandb.init(project='p', dir='.', config={'lr': 0.1, 'model': {'depth': 3}, 'name': 'net'})\n"
         "run.config.batch = 16; run.config.update({'extra': True})"),
        ("train", "for i in range(3):\n"
         "    wandb.log({'loss': 1 / (i + 1), 'eval': {'acc': i / 10}, 'note': 'fine'})\n"
         "run.log({'late': 5.0}, step=20)\n"
         "wandb.log({'a': 1.0}, commit=False); wandb.log({'b': 2.0})\n"
         "run.log({'picture': wandb.Histogram([1, 2, 3])})\n"
         "run.summary['best'] = 0.75\n"
         "try:\n"
         "    wandb.log(3)\n"
         "except TypeError as error:\n"
         "    told = str(error)\n"
         "result = [dict(run.config), run.step, told, run.summary['best'], run.summary['loss']]\n"
         "wandb.finish()"),
        ("two", "with wandb.init(project='p', dir='.', config={'lr': 0.5}) as second:\n    second.log({'loss': 9.0})\n"
         "ds.autolog(wandb=False)\n"
         "with wandb.init(project='p', dir='.', config={'unseen': 0.5}) as third:\n    third.log({'unseen': 9.0})\n"
         "result += [second.name is not None]"),
        env=OFFLINE,
    )
    first, second = seen.runs
    config = {"lr": 0.1, "model.depth": 3, "name": "net", "batch": 16, "extra": True}
    assert first.parameters == config and first.labels == {"autolog": "wandb"}
    assert first.points["loss"] == [(0, 1.0), (1, 0.5), (2, 1 / 3)] and first.points["eval.acc"] == [(0, 0.0), (1, 0.1), (2, 0.2)]
    assert first.texts == {"note": "fine"} and first.points["late"] == [(20, 5.0)]
    assert first.points["a"][0][0] == first.points["b"][0][0], "one row, logged in two parts"
    assert first.summary == {"best": 0.75} and "picture" not in first.points
    assert second.parameters == {**config, "lr": 0.5} and second.points == {"loss": [(0, 9.0)]}


def story_another_shape_is_told_once() -> None:
    seen = trial(
        "import wandb\nrun = wandb.init(project='p', dir='.', config={'lr': 0.1})\nrun.log({'loss': 1.0}); run.summary['x'] = 1\n"
        "result = run.step; wandb.finish()",
        before="import functools, wandb.sdk.wandb_run as r\n"
               "r.Run._summary_update_callback = functools.partialmethod(r.Run._summary_update_callback)",
        env=OFFLINE,
    )
    assert seen.result == 1 and seen.run.points == {"loss": [(0, 1.0)]} and seen.run.summary == {}
    assert seen.log.count("Autologging does not know this wandb") == 1
