"""The kernel's side: it notices and reports, it never decides. Standard library only, Python 3.9 on (IPython in one place)."""
