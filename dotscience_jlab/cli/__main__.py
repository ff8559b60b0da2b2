"""`python -m dotscience_jlab.cli` is `ds`, also where the script folder is not on the path."""

from . import main

main(prog_name="ds")
