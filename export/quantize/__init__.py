"""Quantization: GPTQ, equalization, representative windows, error by layer."""
