"""How right a model is, and how sure one can be of that."""
