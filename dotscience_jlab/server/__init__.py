"""Translates: a request comes in, a record or a named error goes out. It decides nothing; the recorder does."""
