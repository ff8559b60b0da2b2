"""Hugging Face `Trainer` with a tiny model of random weights; no hub."""

from __future__ import annotations

from .trial import both, trial

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "WANDB_MODE": "offline"}
TRAINER = """
import warnings; warnings.simplefilter("ignore")
import torch, transformers
transformers.logging.set_verbosity_error()
rows = [{"input_ids": [i % 7, 3, 2, i % 5], "labels": i % 2} for i in range(16)]
def trainer(report_to="none", **options):
    transformers.set_seed(0)
    config = transformers.BertConfig(vocab_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8)
    arguments = transformers.TrainingArguments("out", max_steps=6, logging_steps=2, eval_strategy="steps", eval_steps=3,
        per_device_train_batch_size=4, learning_rate=0.01, save_strategy="no", report_to=report_to, use_cpu=True, disable_tqdm=True,
        dataloader_pin_memory=False, **options)
    model = transformers.BertForSequenceClassification(config)
    return transformers.Trainer(model, arguments, train_dataset=rows, eval_dataset=rows)
"""


def story_log_events_and_arguments() -> None:
    seen = both(
        TRAINER,
        "import contextlib, io\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    t = trainer(hub_token='hf_another_invented_0000000000000', weight_decay=0.25)\n"
        "    t.train()\n"
        "    events = [{k: v for k, v in e.items() if 'runtime' not in k and 'per_second' not in k} for e in t.state.log_history]\n"
        "result = [events, [p.tolist() for p in t.model.parameters()][-1]]",
        ("other", "with contextlib.redirect_stdout(io.StringIO()):\n"
         "    trainer(report_to='tensorboard').train()\n"
         "    ds.autolog(transformers=False, tensorboard=False)\n"
         "    trainer(weight_decay=0.125).train()\n"),
        env=OFFLINE,
    )
    run = seen.run
    events = seen.result[0]
    assert run.labels == {"autolog": "transformers"}, "what its TensorBoard integration writes is the same once more"
    wanted = {"model": "BertForSequenceClassification", "max_steps": 6, "learning_rate": 0.01, "weight_decay": 0.25, "seed": 42,
              "eval_strategy": "steps"}
    assert wanted.items() <= run.parameters.items()
    assert run.points["loss"] == [(e["step"], e["loss"]) for e in events if "loss" in e]
    assert run.points["eval_loss"] == [(e["step"], e["eval_loss"]) for e in events if "eval_loss" in e]
    assert run.summary["train_loss"] == events[-1]["train_loss"] and run.summary["train_runtime"] > 0
    assert "hf_another" not in str(run.parameters) and 0.125 not in run.parameters.values()
    assert [step for step, _ in run.points["BertForSequenceClassification 2.loss"]] == [2, 4, 6]


def story_another_shape_is_told_once() -> None:
    seen = trial(
        TRAINER,
        "t = trainer(); t.train(); result = t.state.global_step",
        before="import functools, transformers.trainer_callback as c\n"
               "c.CallbackHandler.on_log = functools.partialmethod(c.CallbackHandler.on_log)",
        env=OFFLINE,
    )
    assert seen.result == 6 and seen.run.parameters["max_steps"] == 6 and not seen.run.points
    assert seen.log.count("Autologging does not know this transformers") == 1
