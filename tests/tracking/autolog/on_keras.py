"""Keras on PyTorch: what `fit` is asked, and every epoch."""

from __future__ import annotations

from .trial import both, trial

MODEL = """
import os
os.environ["KERAS_BACKEND"] = "torch"
import keras, numpy
keras.utils.set_random_seed(0)
X = numpy.random.default_rng(0).normal(size=(64, 4)); y = (X[:, 0] > 0).astype("float32")
def make():
    keras.utils.set_random_seed(1)
    layers = [keras.Input((4,)), keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(1, activation="sigmoid")]
    model = keras.Sequential(layers)
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.05), loss="binary_crossentropy", metrics=["accuracy"])
    return model
"""


def story_every_epoch_is_told_and_callbacks_stay_the_users() -> None:
    seen = both(
        MODEL,
        "calls = []\n"
        "class Mine(keras.callbacks.Callback):\n"
        "    def on_epoch_end(self, epoch, logs=None):\n"
        "        calls.append(epoch)\n"
        "given = [Mine()]\n"
        "model = make()\n"
        "history = model.fit(X, y, epochs=3, batch_size=16, validation_split=0.25, verbose=0, callbacks=given)\n"
        "listed = keras.callbacks.CallbackList([Mine()], model=model)\n"
        "before = len(listed.callbacks)\n"
        "model.fit(X, y, epochs=1, verbose=0, callbacks=listed)\n"
        "result = [history.history, calls, len(given), len(listed.callbacks) - before, [w.tolist() for w in model.get_weights()]]",
        ("other", "class Own(keras.callbacks.Callback):\n"
         "    def on_epoch_end(self, epoch, logs=None):\n"
         "        ds.metric('Sequential 3.loss', -1.0, step=epoch)\n"
         "make().fit(X, y, epochs=2, verbose=0, callbacks=Own())\n"
         "class Broken(keras.callbacks.Callback):\n"
         "    def on_epoch_begin(self, epoch, logs=None):\n"
         "        raise ValueError('the user’s own')\n"
         "listed = keras.callbacks.CallbackList([Broken()], model=model)\n"
         "before = len(listed.callbacks)\n"
         "try:\n"
         "    model.fit(X, y, verbose=0, callbacks=listed)\n"
         "except ValueError as error:\n"
         "    kept = error\n"
         "result += [len(listed.callbacks) - before, str(kept)]\n"
         "ds.autolog(keras=False); make().fit(X, y, epochs=1, batch_size=13, verbose=0)"),
    )
    run = seen.run
    history = seen.result[0]
    assert run.labels == {"autolog": "keras"}
    wanted = {"model": "Sequential", "epochs": 3, "batch_size": 16, "optimizer": "adam", "loss": "binary_crossentropy",
              "n_weights": 19}
    assert wanted.items() <= run.parameters.items()
    assert abs(run.parameters["optimizer_learning_rate"] - 0.05) < 1e-6
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert run.points[name] == list(enumerate(history[name])), name
    assert len(run.points["Sequential 2.loss"]) == 1
    assert run.points["Sequential 3.loss"] == [(0, -1.0), (1, -1.0)], "the user's callback speaks first, and wins"
    assert 13 not in run.parameters.values()


def story_another_shape_is_told_once() -> None:
    seen = trial(
        MODEL,
        "result = len(make().fit(X, y, epochs=2, verbose=0).history['loss'])",
        before="import os; os.environ['KERAS_BACKEND'] = 'torch'\nimport keras.src.models.model as m, functools\n"
               "fit = m.Model.fit\nm.Model.fit = functools.partialmethod(fit)",
    )
    assert seen.result == 2 and not seen.runs
    assert seen.log.count("Autologging does not know this keras") == 1
