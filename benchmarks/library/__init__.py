"""What ``edge-genre label`` costs, and what it loses by listening to a sample."""
