"""How a kernel, the server and `ds` find, start and speak to the recorder: standard library only, Python 3.9 on."""
