"""The front end's speed and exactness, beside its peers."""
