"""What an opened file is to the code that opens it."""

INPUT, OUTPUT, BOTH = "input", "output", "both"
