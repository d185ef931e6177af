"""The engine: everything Tunedial does that needs no window, no training and no evaluation.

Importing it costs nothing heavy: torch, transformers, librosa and scipy load with the first job.
"""

__version__ = "0.1.0"
