"""The commands of `tunedial`, one module each; `engine.cli` imports one when it is called."""
