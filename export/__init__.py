"""Export: a run folder in, self-describing TFLite and ONNX files out, each one checked."""
