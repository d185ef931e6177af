"""What the starter reaches on held-out songs: figures, spectrograms, examples."""
