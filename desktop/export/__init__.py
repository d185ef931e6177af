"""Getting clips out: finished files with tempo and key in them, saved, copied, or dragged into a DAW."""
