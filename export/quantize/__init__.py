"""Quantization: rounding, equalization, representative windows, error by layer."""
