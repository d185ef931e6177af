"""The starter model: its rendered corpus, its codec, its language model, and what they reach."""
