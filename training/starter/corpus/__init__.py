"""A corpus rendered from a seed: MMA accompaniments played by FluidSynth, voices, rooms and audiences."""
