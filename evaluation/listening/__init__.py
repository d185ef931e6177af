"""A blind listening test: one page made from takes, and what its answers say."""
