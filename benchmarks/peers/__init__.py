"""Other ways to tell a genre, measured beside ours in one run: ``python -m benchmarks.peers``."""
