"""Running as a systemd service: the unit, its account, sd_notify."""
