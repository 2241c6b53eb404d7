"""Commands of the training package; found by ``edge-genre`` through entry points."""
