"""Where preference pairs come from; each module makes them from one source."""
