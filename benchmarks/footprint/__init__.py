"""What the base install is: what the wheel holds, how large it gets, and that it is enough."""
