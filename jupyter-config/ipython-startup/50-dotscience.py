# Starts recording in every IPython kernel of this environment (installed as etc/ipython/startup/50-dotscience.py).
# Removing this file, `ds off` or DOTSCIENCE_DISABLE=1 switches it off.
try:
    from dotscience_jlab import load_ipython_extension as _dotscience_load

    _dotscience_load(get_ipython())  # noqa: F821
except Exception:  # never in the way of a kernel's start
    pass
finally:
    globals().pop("_dotscience_load", None)
