"""A classifier on a stream: window scheduler, events, the loop from source to sinks."""
