"""Networks that heard far more music than we have, to learn from; none runs on the device."""
