"""Turns reports into snapshots and runs: decides which files, which run, what changed. Asks a store; does not know which."""
