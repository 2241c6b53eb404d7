"""Features and a split, made ready for a training."""
