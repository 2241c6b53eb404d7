"""A model file and the manifest inside it."""
