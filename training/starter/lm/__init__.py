"""Training of the starter's language model on codes of the corpus."""
