"""Lightning under both of its names: hyperparameters, and what the trainer hands to loggers."""

from __future__ import annotations

from .trial import both, trial

MODULE = """
import logging, os, warnings
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
import torch
import {lightning} as L
class Net(L.LightningModule):
    def __init__(self, width=3, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.layers = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.Tanh(), torch.nn.Linear(width, 1))
    def training_step(self, batch, index):
        loss = torch.nn.functional.mse_loss(self.layers(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=True, on_epoch=True)
        return loss
    def validation_step(self, batch, index):
        self.log("val_loss", torch.nn.functional.mse_loss(self.layers(batch[0]), batch[1]))
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.lr)
def data():
    torch.manual_seed(0)
    X = torch.randn(32, 4)
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, X[:, :1] * 2), batch_size=8)
def trainer(**options):
    L.seed_everything(0)
    return L.Trainer(max_epochs=2, log_every_n_steps=2, enable_progress_bar=False, enable_model_summary=False,
                     enable_checkpointing=False, accelerator="cpu", num_sanity_val_steps=1, **options)
"""


def tell(lightning: str) -> None:
    seen = both(
        MODULE.replace("{lightning}", lightning),
        "quiet = trainer(logger=False)\n"
        "L.seed_everything(0)\n"
        "net = Net(width=5)\n"
        "quiet.fit(net, data(), data())\n"
        "result = [[p.tolist() for p in net.parameters()], {k: float(v) for k, v in quiet.callback_metrics.items()}]",
        ("other", "from torch.utils.tensorboard import SummaryWriter\n"
         "loud = trainer(logger=True, default_root_dir='logs')\n"
         "L.seed_everything(0)\n"
         "net = Net(width=2)\n"
         "loud.fit(net, data(), data())\n"
         "result += [[p.tolist() for p in net.parameters()]]\n"
         "ds.autolog(False); trainer(logger=False).fit(Net(width=8), data())\n"),
    )
    run = seen.run
    _, metrics, _ = seen.result
    assert run.labels == {"autolog": "lightning"}, "what its TensorBoard logger writes is the same once more"
    assert {"model": "Net", "width": 5, "lr": 0.1, "max_epochs": 2}.items() <= run.parameters.items()
    assert [step for step, _ in run.points["train_loss_step"]] == [1, 3, 5, 7]
    assert len(run.points["train_loss_epoch"]) == len(run.points["val_loss"]) == 2
    assert abs(run.points["val_loss"][-1][1] - metrics["val_loss"]) < 1e-9
    assert run.parameters["Net 2.width"] == 2 and len(run.points["Net 2.val_loss"]) == 2
    assert 8 not in run.parameters.values() and not {"epoch", "step", "hp_metric"} & set(run.points)


def story_lightning() -> None:
    tell("lightning.pytorch")


def story_pytorch_lightning() -> None:
    tell("pytorch_lightning")


def story_another_shape_is_told_once() -> None:
    seen = trial(
        MODULE.replace("{lightning}", "lightning.pytorch"),
        "t = trainer(logger=False); t.fit(Net(), data()); result = t.global_step",
        before="import functools\nimport lightning.pytorch.trainer.connectors.logger_connector.logger_connector as c\n"
               "c._LoggerConnector.log_metrics = functools.partialmethod(c._LoggerConnector.log_metrics)",
    )
    assert seen.result == 8 and seen.run.parameters["width"] == 3 and not seen.run.points
    assert seen.log.count("Autologging does not know this lightning") == 1
