"""Keeps bytes and records safe in a plain git repository; knows nothing of runs' rules."""
