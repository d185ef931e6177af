"""Training of the starter's stem codec."""
