"""Playing the two clips of a take: mixing, level matching, and the sound card or silence behind them."""
