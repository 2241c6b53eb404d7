"""Every exported variant of every network against its float model: bytes, time, agreement,
accuracy. ``python -m benchmarks.variants RUN...``"""
