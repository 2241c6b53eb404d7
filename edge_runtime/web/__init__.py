"""A page that shows what a listener hears, and metrics; served by a small server of our own."""
