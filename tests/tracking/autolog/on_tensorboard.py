"""PyTorch's SummaryWriter: scalars and hyperparameters."""

from __future__ import annotations

from .trial import both, trial

READ = """
import glob
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
def read(folder):
    found = {}
    for path in sorted(glob.glob(folder + '/**/events*', recursive=True)):
        events = EventAccumulator(path); events.Reload()
        found.update({tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()['scalars']})
    return found
"""


def story_scalars_and_hyperparameters() -> None:
    seen = both(
        READ + "import torch\nfrom torch.utils.tensorboard import SummaryWriter",
        "with SummaryWriter('logs') as writer:\n"
        "    for i in range(3):\n"
        "        writer.add_scalar('Loss/train', torch.tensor(1.0 / (i + 1)), i)\n"
        "        writer.add_scalars('both', {'a': i, 'b': 2.0 * i}, global_step=i)\n"
        "    writer.add_scalar('once', 2.5)\n"
        "    writer.add_hparams({'lr': 0.1, 'opt': 'sgd'}, {'acc': 0.75}, run_name='h')\n"
        "    writer.add_text('t', 'text'); writer.add_histogram('h', torch.zeros(3))\n"
        "    ds.autolog(tensorboard=False); writer.add_scalar('unseen', 1.0, 1)\n"
        "result = read('logs')",
    )
    run = seen.run
    assert run.labels == {"autolog": "tensorboard"}
    assert run.points["Loss/train"] == [tuple(each) for each in seen.result["Loss/train"]]
    assert run.points["both/a"] == [(0, 0.0), (1, 1.0), (2, 2.0)] and run.points["both/b"][-1] == (2, 4.0)
    assert run.points["once"] == [(None, 2.5)] and set(run.points) == {"Loss/train", "both/a", "both/b", "once"}
    assert run.parameters == {"lr": 0.1, "opt": "sgd"} and run.summary == {"acc": 0.75}


def story_another_shape_is_told_once() -> None:
    seen = trial(
        READ + "from torch.utils.tensorboard import SummaryWriter",
        "with SummaryWriter('logs') as writer:\n    writer.add_scalar('x', 1.0, 0)\nresult = read('logs')",
        before="import torch.utils.tensorboard.writer as w\ndel w.SummaryWriter.add_hparams",
    )
    assert seen.result == {"x": [[0, 1.0]]} and seen.run.points == {"x": [(0, 1.0)]}
    assert seen.log.count("Autologging does not know this tensorboard") == 1 and "add_hparams" in seen.log
