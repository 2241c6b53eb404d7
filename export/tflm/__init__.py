"""Microcontroller output: an int8 network and its front end as C and C++ sources.

The network runs in TensorFlow Lite for Microcontrollers; the front end is portable C99 with the
model's own tables. What is written was run: the network in TFLM's interpreter, on real windows.
"""
