"""What MIDI does not play: speech, rap, formant singing, and an audience."""

import random
import subprocess

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from training.starter.corpus.score import Note, melody
from training.starter.corpus.song import Song
from training.starter.corpus.synth import FRAME, SAMPLE_RATE

Samples = NDArray[np.float32]

_ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-029")
_SPEAKERS = ("m1", "m3", "m4", "m7", "f1", "f2", "f3", "f4", "f5")
_OPENINGS = ("we keep on", "nobody is", "the city is", "every night I am", "now you are", "all of us are")
_MIDDLES = ("moving", "running", "dreaming", "waiting", "talking", "rolling", "shining", "falling")
_ENDINGS = (
    "under the light",
    "over the line",
    "into the night",
    "one more time",
    "down by the river",
    "up on the hill",
    "far from the ground",
    "back to the sound",
    "with nothing to lose",
    "and telling the truth",
)

# First five formants (Hz) and levels (dB) of sung vowels, tenor:
# https://www.classes.cs.uchicago.edu/archive/1999/spring/CS295/Computing_Resources/Csound/CsManual3.48b1.HTML/Appendices/table3.html
_VOWELS = {
    "a": ((650, 0), (1080, -6), (2650, -7), (2900, -8), (3250, -22)),
    "e": ((400, 0), (1700, -14), (2600, -12), (3200, -14), (3580, -20)),
    "i": ((290, 0), (1870, -15), (2800, -18), (3250, -20), (3540, -30)),
    "o": ((400, 0), (800, -10), (2600, -12), (2800, -12), (3000, -26)),
    "u": ((350, 0), (600, -20), (2700, -17), (2900, -14), (3300, -26)),
}


def voice_stem(song: Song, length: int) -> Samples:
    """The voices of `song` that are not General MIDI, float32 `[length]` at 32 kHz."""
    rng = random.Random(f"voice {song.seed}")
    bar = song.style.beats * song.beat_frames * FRAME
    if song.voice == "rap":
        return _rap(rng, length, bar)
    if song.voice == "speech":
        return _narration(rng, length)
    if song.voice in ("singing", "choir"):
        part = melody(song, 0)
        return sing(part.notes, song.beat_frames * FRAME, length, choir=song.voice == "choir", rng=rng)
    return np.zeros(length, np.float32)


def speak(text: str, speaker: str, words_a_minute: int, pitch: int) -> Samples:
    """`text` spoken by espeak-ng, float32 at 32 kHz with silent ends cut, peak 1."""
    command = ["espeak-ng", "--stdout", "-v", speaker, "-s", str(words_a_minute), "-p", str(pitch), text]
    run = subprocess.run(command, capture_output=True, check=True)
    pcm = np.frombuffer(run.stdout[44:], "<i2").astype(np.float32) / 32768
    rate = int.from_bytes(run.stdout[24:28], "little")
    samples = soxr.resample(pcm, rate, SAMPLE_RATE).astype(np.float32)
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    samples = samples[loud[0] : loud[-1] + 1] if len(loud) else samples
    return samples / max(1e-4, float(np.abs(samples).max()))


def _line(rng: random.Random) -> str:
    return f"{rng.choice(_OPENINGS)} {rng.choice(_MIDDLES)} {rng.choice(_ENDINGS)}"


def _speaker(rng: random.Random) -> str:
    return f"{rng.choice(_ACCENTS)}+{rng.choice(_SPEAKERS)}"


def _rap(rng: random.Random, length: int, bar: int) -> Samples:
    speaker, pitch = _speaker(rng), rng.randint(20, 70)
    wanted = bar / SAMPLE_RATE
    lines = []
    for _ in range(4):
        text = _line(rng) if wanted > 1.6 else _line(rng).split(" ", 2)[-1]
        line = speak(text, speaker, 230, pitch)
        lines.append(
            line if len(line) <= bar else speak(text, speaker, min(420, int(235 * len(line) / bar)), pitch)
        )
    out = np.zeros(length, np.float32)
    for number, start in enumerate(range(0, length, bar)):
        if number % 8 != 7:
            line = lines[number % 4][: min(bar, length - start)]
            out[start : start + len(line)] += line
    return out * 0.35


def _narration(rng: random.Random, length: int) -> Samples:
    speaker = _speaker(rng)
    out = np.zeros(length, np.float32)
    at = 0
    while at < length:
        line = speak(
            ". ".join(_line(rng) for _ in range(2)), speaker, rng.randint(140, 175), rng.randint(30, 60)
        )
        line = line[: length - at]
        out[at : at + len(line)] = line
        at += len(line) + rng.randint(4, 30) * FRAME
    return out * 0.35


def sing(notes: tuple[Note, ...], beat: int, length: int, choir: bool, rng: random.Random) -> Samples:
    """Vowels on `notes` (starts and lengths in beats of `beat` samples), float32 `[length]`.

    One period of the wave is a sum of harmonics weighted by the vowel's formants, read out with vibrato.
    """
    out = np.zeros(length, np.float32)
    octave = rng.choice((-12, -12, 0)) if not choir else -12
    singers = [(0.0, 1.0)] if not choir else [(-0.07, 0.4), (0.0, 0.4), (0.06, 0.4), (12.03, 0.2)]
    for note in notes:
        vowel = "aeiou"[note.pitch % 5]
        start = round(note.start * beat / FRAME) * FRAME
        count = min(int(note.length * beat), length - start)
        if count < 1600:
            continue
        seconds = np.arange(count) / SAMPLE_RATE
        envelope = np.minimum(1, seconds / 0.06) * np.minimum(1, (seconds[-1] - seconds) / 0.08)
        for detune, level in singers:
            hertz = 440.0 * 2 ** ((note.pitch + octave + detune - 69) / 12)
            depth = 0.012 * np.minimum(1, seconds / 0.4)
            phase = np.cumsum(hertz * (1 + depth * np.sin(2 * np.pi * 5.5 * seconds))) / SAMPLE_RATE
            table = _vowel_wave(vowel, hertz)
            wave = np.interp(phase % 1.0, np.linspace(0, 1, len(table)), table)
            out[start : start + count] += (level * envelope * wave).astype(np.float32)
    return out * 0.25


def _vowel_wave(vowel: str, hertz: float) -> NDArray[np.float64]:
    harmonics = np.arange(1, max(2, int(9000 / hertz)) + 1)
    at = harmonics * hertz
    gains = np.zeros(len(at))
    for formant, level in _VOWELS[vowel]:
        gains += 10 ** (level / 20) / (1 + ((at - formant) / (40 + formant * 0.04)) ** 2)
    phase = np.linspace(0, 1, 1025)
    wave = (gains[:, None] * np.sin(2 * np.pi * harmonics[:, None] * phase)).sum(0)
    return wave / max(1e-6, np.abs(wave).max())


def audience(song: Song, length: int) -> Samples:
    """A crowd: murmur, applause that swells at the ends, often clapping along with the beat."""
    rng = np.random.default_rng(song.seed)
    seconds = np.arange(length) / SAMPLE_RATE
    murmur = _band(rng.standard_normal(length), 200, 1400) * (0.7 + 0.3 * np.sin(2 * np.pi * 0.21 * seconds))
    claps = np.zeros(length)
    hits = rng.integers(0, length, int(length / SAMPLE_RATE * rng.uniform(60, 200)))
    np.add.at(claps, hits, rng.uniform(0.3, 1.0, len(hits)))
    burst = rng.standard_normal(1200) * np.exp(-np.arange(1200) / 220)
    applause = _band(np.convolve(claps, burst)[:length], 700, 6000)
    end = length / SAMPLE_RATE
    swell = 0.35 + 0.65 * np.exp(-seconds / 3) + 0.65 * np.exp((seconds - end) / 2)
    crowd = 0.5 * _unit(murmur) + swell * _unit(applause)
    if song.seed % 3 == 0:
        along = np.zeros(length)
        beat = song.beat_frames * FRAME
        for shift in rng.integers(0, 1600, 14):
            along[min(beat + int(shift), length - 1) :: 2 * beat] += 1
        crowd += 0.9 * _unit(_band(np.convolve(along, burst)[:length], 700, 6000))
    return (0.05 * rng.uniform(0.6, 1.6) * crowd).astype(np.float32)


def _band(samples: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    filtered: NDArray[np.float64] = sosfilt(
        butter(2, (low, high), "band", fs=SAMPLE_RATE, output="sos"), samples
    )
    return filtered


def _unit(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = samples / max(1e-9, float(np.sqrt(np.mean(samples**2))))
    return scaled
