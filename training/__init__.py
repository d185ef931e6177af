"""Trains what Tunedial ships: the starter model and the adapters behind the knobs."""
