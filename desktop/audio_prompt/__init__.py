"""Audio to begin from: its line in the prompt, its waveform, and the stretch of it that is used."""
