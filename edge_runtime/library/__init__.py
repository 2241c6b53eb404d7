"""A whole library of music: which files are in it, and what is found in each; long recordings."""
