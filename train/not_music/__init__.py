"""Sounds that are not music, to teach a network what to reject and to test whether it does."""
