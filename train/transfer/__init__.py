"""Transfer learning: models that begin with the weights of a network trained on far more music."""
