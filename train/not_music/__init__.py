"""Sounds that are not music: to train a network to reject them, and to test whether it does."""
