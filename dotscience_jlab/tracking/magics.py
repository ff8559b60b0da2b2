def register(shell): pass
