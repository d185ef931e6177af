"""Training of the starter scorer: windows of the corpus, what they measure in words, two towers."""
