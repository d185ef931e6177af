"""FluidSynth with one audio group for each stem: a score is played once and comes out as stems."""

import ctypes
from pathlib import Path

import fluidsynth
import numpy as np
from numpy.typing import NDArray

from engine.errors import Problem
from training.starter.corpus.instruments import STEMS
from training.starter.corpus.score import Part

SAMPLE_RATE = 32_000
FRAME = 640  # samples of one codec frame, 20 ms
SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
_CHANNELS = 16 * len(STEMS)

_process = fluidsynth.cfunc(
    "fluid_synth_process",
    ctypes.c_int,
    ("synth", ctypes.c_void_p, 1),
    ("len", ctypes.c_int, 1),
    ("nfx", ctypes.c_int, 1),
    ("fx", ctypes.c_void_p, 1),
    ("nout", ctypes.c_int, 1),
    ("out", ctypes.c_void_p, 1),
)


class StemSynth:
    """Plays parts into `[stem, sample]`, the same parts always alike.

    Notes begin and end where codec frames do, at most 10 ms from their time, so that what repeats in the
    score repeats in the codes. FluidSynth's voices keep a trace of the notes that they played before, so
    each call has a synth of its own; that takes 30 ms, since only the samples that sound are loaded.
    """

    def __init__(self, soundfont: Path = SOUNDFONT) -> None:
        """Raises Problem if `soundfont` is not there."""
        if not soundfont.exists():
            raise Problem(
                f"There is no sound font {soundfont}.", "Install the Debian package 'fluid-soundfont-gm'."
            )
        self._soundfont = soundfont

    def play(self, parts: list[Part], beat_frames: int, beats: int) -> NDArray[np.float32]:
        """The stems of `parts`: float32 `[stem, beats * beat_frames * 640]`, mono, dry."""
        beat_samples = beat_frames * FRAME
        length = beats * beat_samples
        synth, font = self._new_synth()
        events: list[tuple[int, int, int, int, int]] = []
        used = dict.fromkeys(STEMS, 0)
        for part in parts:
            channel = STEMS.index(part.stem) + len(STEMS) * min(used[part.stem], 15)
            used[part.stem] += 1
            _select(synth, font, channel, part)
            for note in part.notes:
                on = round(note.start * beat_frames) * FRAME
                off = max(on + FRAME, round((note.start + note.length) * beat_frames) * FRAME)
                events.append((on, 1, channel, note.pitch, note.velocity))
                events.append((off, 0, channel, note.pitch, 0))
        events.sort()
        stereo = np.zeros((2 * len(STEMS), length), np.float32)
        at = 0
        for when, kind, channel, pitch, velocity in events:
            if when >= length:
                break
            _advance(synth, stereo, at, when)
            at = when
            if kind:
                synth.noteon(channel, pitch, velocity)
            else:
                synth.noteoff(channel, pitch)
        _advance(synth, stereo, at, length)
        synth.delete()
        return stereo.reshape(len(STEMS), 2, length).mean(1)

    def _new_synth(self) -> tuple[fluidsynth.Synth, int]:
        """A synth with one audio group for each stem, and the number of its font."""
        synth = fluidsynth.Synth(gain=0.5, samplerate=float(SAMPLE_RATE), channels=_CHANNELS)
        # The constructor made its synth with one audio group; make it again with one for each stem.
        fluidsynth.delete_fluid_synth(synth.synth)
        for setting, value in {
            "synth.audio-channels": len(STEMS),
            "synth.audio-groups": len(STEMS),
            "synth.dynamic-sample-loading": 1,
            "synth.reverb.active": 0,
            "synth.chorus.active": 0,
            "synth.polyphony": 512,
        }.items():
            synth.setting(setting, value)
        synth.synth = fluidsynth.new_fluid_synth(synth.settings)
        return synth, synth.sfload(str(self._soundfont))


def _select(synth: fluidsynth.Synth, font: int, channel: int, part: Part) -> None:
    bank = 128 if part.drums else 0
    if synth.program_select(channel, font, bank, part.program) != 0:
        synth.program_select(channel, font, bank, 0)
    synth.cc(channel, 7, part.volume)


def _advance(synth: fluidsynth.Synth, stereo: NDArray[np.float32], start: int, end: int) -> None:
    if end <= start:
        return
    base, stride = stereo.ctypes.data, stereo.strides[0]
    pointers = (ctypes.c_void_p * len(stereo))(
        *(base + row * stride + 4 * start for row in range(len(stereo)))
    )
    _process(synth.synth, end - start, 0, None, len(stereo), pointers)
