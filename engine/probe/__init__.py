"""Tells from the timbre of a clip which families of genre and instruments it sounds like."""
