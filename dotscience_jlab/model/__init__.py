"""What the words mean: plain frozen records, standard library only, no I/O, no clock, no environment (Python 3.9 on)."""
