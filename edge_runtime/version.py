"""The version of everything in this repository: both distributions read this file."""

__version__ = "0.1.0"
