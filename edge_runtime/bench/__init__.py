"""``edge-genre bench``: what a model costs on this very machine, with the base install alone."""
