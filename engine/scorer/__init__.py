"""The starter scorer: a small model that says how well audio and a text fit."""
