"""The panels, a file each: they show the state and call actions."""
