"""What is wrong with a folder of clips, before anyone trains on it."""
