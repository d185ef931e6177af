"""Everything a user can do, one function for each, without Qt.

Panels call these with the `App`; nothing else changes the state. One module for each part of the window:

* `mixing`      knobs, amount, slots, morph, randomise, reset, undo
* `prompting`   prompt, length, seed, sampling, audio prompt, model
* `generating`  generate, scout, cancel, and what a job's events do to the state
* `listening`   play, A/B, loop, selection, blind comparison, judgements
* `presets`     load, save, rename, delete, share
* `models`      models and packs on this computer
"""
