"""The version of edge-genre, for those who must not import the package's public names."""

__version__ = "0.2.0"
