"""The commands below `tunedial train`."""
