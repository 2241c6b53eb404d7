"""The base install: what the wheel holds, how large it is installed, and that it works."""
