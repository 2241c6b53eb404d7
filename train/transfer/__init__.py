"""Models that begin with what another network learnt from far more music than we have."""
