"""Our wheel on a Debian of ARM processors, emulated: whether it is right there, never how fast."""
