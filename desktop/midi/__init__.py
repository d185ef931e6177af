"""Knobs under the hands: a MIDI port, a controller for each knob, and soft takeover."""
