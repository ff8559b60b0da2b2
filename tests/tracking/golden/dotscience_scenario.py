"""One scenario under the name `dotscience`: its output with the original library (0.8.7), ids and times replaced, is beside it."""

import os
import sys
import types

import dotscience as ds

sk = types.ModuleType("sklearn")
sk.__version__ = "1.0"
os.makedirs("in/sub", exist_ok=True)
for n in ("in/a.csv", "in/sub/b.csv"):
    open(n, "w").close()
os.makedirs("out", exist_ok=True)


def case(name):
    print("---", name)


case("first call starts")
print(ds.parameter("lr", 0.1))
case("values become text, pairs and keywords")
ds.add_parameters("a", 1, "b", [1, 2], c=None)
ds.add_labels("l", True, m='ü "q"\n')
ds.add_metrics("acc", 0.5, f1=float("nan"))
print(ds.metric("acc", 0.75), ds.summary("s", 3), ds.label("k", "v"), ds.param("p", 2))
ds.add_summary("s2", 1)
ds.add_summaries("s3", 1, s4=2)
case("paths")
print(ds.input("in"), ds.output("out"), ds.output("missing/file.txt"), ds.output(None))
ds.add_inputs("in/a.csv", "nowhere.csv", os.path.abspath("in/a.csv"), "../up.csv")
ds.add_outputs("o1", "o2")
ds.add_output("out")
open("out/late.txt", "w").close()
case("model")
print(ds.model(sk, "clf", "model.pkl", classes="classes.json"))
try:
    ds.model(types.ModuleType("xgboost"), "x", "y")
except RuntimeError as e:
    print("RuntimeError", e)
try:
    ds.model("no module", "x", "y")
except RuntimeError as e:
    print("RuntimeError", e)
case("error and description")
print(ds.error("boom"), ds.description("about"))
case("publish")
print(ds.publish("published"))
case("publish again clears nothing")
ds.publish()
case("a value after publish")
ds.metric("acc", 0.9)
ds.publish(stream=sys.stdout)
case("start discards")
ds.start("second")
ds.end()
ds.publish()
case("modes")
ds.interactive()
try:
    ds.script()
except RuntimeError as e:
    print("RuntimeError", e)
case("script mode")
d = ds.Dotscience()
d.script("scripts/train.py")
d.start()
d.parameter("x", 1)
d.publish()
e = ds.Dotscience()
e.publish("implicit")
case("run class")
r = ds.Run(os.getcwd())
r.start()
r.add_input("in")
r.add_label("x", 1)
r.newID()
r.end()
r.end()
print(r)
print(r.metadata()["labels"], r.getModelDir())
try:
    r.start()
except RuntimeError as e:
    print("RuntimeError", e)
r.forget_times()
r.lazy_start()
r.debug()
case("errors")
try:
    ds.add_parameters("odd")
except ValueError as e:
    print("ValueError", e)
try:
    ds.connect("u", "k", "")
except Exception as e:
    print(type(e).__name__, e)
print(ds.Dotscience.currentRun)
