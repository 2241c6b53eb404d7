"""A page that shows what is playing, and metrics; served by a small server in one thread."""
