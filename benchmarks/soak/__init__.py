"""A simulated day of listening, with faults."""
