"""Does a knob do what it says? Clips at several knob values, measured, compared, and written into cards."""
