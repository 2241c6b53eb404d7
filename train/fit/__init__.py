"""Batches, checkpoints and the training loop of a network."""
