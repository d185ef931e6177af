"""From a song to notes: MMA writes the accompaniment; leads and drum patterns are added here."""

import random
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import mido

from training.starter.corpus.instruments import ACOUSTIC_OF, ELECTRIC_OF, instrument_name, stem_of
from training.starter.corpus.song import Song, chord_tones, chords, scale

KICK, SNARE, CLAP, HAT, OPEN_HAT = 36, 38, 39, 42, 46


@dataclass(frozen=True)
class Note:
    """Start and length in beats, General MIDI pitch and velocity."""

    start: float
    length: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Part:
    """The notes of one instrument; `volume` is the MIDI channel volume, 0 to 127."""

    program: int
    drums: bool
    volume: int
    notes: tuple[Note, ...]

    @property
    def stem(self) -> str:
        """The stem it sounds in."""
        return stem_of(self.program, self.drums)

    @property
    def weight(self) -> float:
        """How much it is heard: the sum of length times velocity."""
        return sum(note.length * note.velocity for note in self.notes) * self.volume


class AccompanimentError(Exception):
    """MMA could not play this groove."""


def accompaniment(song: Song) -> list[Part]:
    """The parts that MMA plays for `song`, without random timing, volume or skipping.

    What else MMA draws (walking basses, arpeggios) it draws from the song's seed.

    Raises AccompanimentError if MMA cannot play one of its grooves.
    """
    steady = ["AllTracks RTime 0", "AllTracks RVolume 0", "AllTracks RSkip 0"]
    lines = [f"Tempo {song.tempo:.4f}", "SeqRnd Off", f"RndSeed {song.seed}"]
    section = song.bars // len(song.grooves)
    for bar, chord in enumerate(chords(song)):
        if bar % section == 0 and bar // section < len(song.grooves):
            lines += [f"Groove {song.style.path.with_suffix('')}:{song.grooves[bar // section]}", *steady]
        lines.append(f"{bar + 1} {chord}")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "song.mma"), Path(folder, "song.mid")
        source.write_text("\n".join(lines) + "\n")
        run = subprocess.run(["mma", str(source), "-f", str(target)], capture_output=True, text=True)
        if not target.exists():
            said = " ".join((run.stdout + run.stderr).split())
            raise AccompanimentError(said.partition("Error: ")[2] or said)
        return _parts(mido.MidiFile(target))


def _parts(midi: mido.MidiFile) -> list[Part]:
    programs, volumes = [0] * 16, [100] * 16
    sounding: dict[tuple[int, int], tuple[float, int, tuple[int, int, int]]] = {}
    notes: dict[tuple[int, int, int], list[Note]] = {}
    beat = 0.0
    for message in mido.merge_tracks(midi.tracks):
        beat += message.time / midi.ticks_per_beat
        if message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type == "control_change" and message.control == 7:
            volumes[message.channel] = message.value
        elif message.type in ("note_on", "note_off"):
            key = (message.channel, message.note)
            if key in sounding:
                start, velocity, part = sounding.pop(key)
                notes.setdefault(part, []).append(
                    Note(start, max(beat - start, 0.02), message.note, velocity)
                )
            if message.type == "note_on" and message.velocity > 0:
                part = (message.channel, programs[message.channel], volumes[message.channel])
                sounding[key] = (beat, message.velocity, part)
    return [
        Part(program, channel == 9, volume, tuple(sorted(found, key=lambda note: note.start)))
        for (channel, program, volume), found in notes.items()
    ]


def arrange(song: Song) -> list[Part]:
    """The whole score of `song`: accompaniment, drums, lead, with its texture and timbre."""
    parts = accompaniment(song)
    if song.drums != "style" and any(part.drums for part in parts):
        parts = [part for part in parts if not part.drums]
        parts.append(steady_drums(song) if song.drums == "steady" else sparse_drums(song))
    if song.lead is not None:
        parts.append(melody(song, song.lead))
    return [_timbre(part, song.timbre) for part in _texture(song, parts)]


def _texture(song: Song, parts: list[Part]) -> list[Part]:
    drums = [part for part in parts if part.stem == "drums"]
    bass = [part for part in parts if part.stem == "bass"]
    rest = [part for part in parts if part.stem not in ("drums", "bass")]
    rest.sort(key=lambda part: -part.weight)
    chosen = {
        "full": parts,
        "no drums": bass + rest,
        "drums only": drums,
        "drums and bass": drums + bass,
        "solo": rest[:1],
        "duo": rest[:2] if song.seed % 2 else rest[:1] + bass[:1],
        "no bass": drums + rest,
    }[song.texture]
    return chosen or parts


def _timbre(part: Part, timbre: str) -> Part:
    if part.drums or timbre == "style":
        return part
    table = ACOUSTIC_OF if timbre == "acoustic" else ELECTRIC_OF
    return replace(part, program=table.get(instrument_name(part.program), part.program))


def melody(song: Song, program: int) -> Part:
    """A lead: two short motifs that come back, chord tones on strong beats, scale steps between."""
    rng = random.Random(f"melody {song.seed}")
    beats = song.style.beats
    motifs = [_motif(rng, beats) for _ in range(2)]
    pitch = centre = rng.choice((67, 70, 72, 74))
    notes = []
    steps = scale(song)
    for bar in range(song.bars):
        if bar % 8 == 7 and rng.random() < 0.5:
            continue
        if bar % 4 == 0:
            pitch = centre  # so that what the motifs play comes back with the chords
        tones = chord_tones(song, bar)
        moves = random.Random(f"moves {song.seed} {bar % 4}")
        for start, length in motifs[(0, 0, 1, 0)[bar % 4]]:
            strong = start == int(start)
            wanted = pitch + moves.choice((-4, -2, -1, 1, 2, 4))
            pitch = _nearest(wanted, tones if strong else steps)
            if abs(pitch - centre) > 11:
                pitch = _nearest(centre, tones)
            velocity = 96 if strong else 82
            notes.append(Note(bar * beats + start, length * 0.92, pitch, velocity))
    return Part(program, False, 105, tuple(notes))


def _motif(rng: random.Random, beats: int) -> list[tuple[float, float]]:
    out, at = [], 0.0
    while at < beats:
        length = rng.choice((0.5, 0.5, 1.0, 1.0, 1.5, 2.0))
        length = min(length, beats - at)
        if rng.random() < 0.82:
            out.append((at, length))
        at += length
    return out


def _nearest(pitch: int, classes: tuple[int, ...]) -> int:
    return min(range(pitch - 6, pitch + 7), key=lambda p: (p % 12 not in classes, abs(p - pitch)))


def steady_drums(song: Song) -> Part:
    """A kick on every beat, a snare on the back beat, hats between: easy to dance to."""
    beats = song.style.beats
    notes = []
    for bar in range(song.bars):
        for beat in range(beats):
            at = bar * beats + beat
            notes.append(Note(at, 0.2, KICK, 112))
            if beat % 2 == 1 or (beats == 3 and beat == 2):
                notes.append(Note(at, 0.2, SNARE, 104))
            notes += [Note(at, 0.2, HAT, 84), Note(at + 0.5, 0.2, OPEN_HAT, 78)]
    return Part(0, True, 110, tuple(notes))


def sparse_drums(song: Song) -> Part:
    """Few, irregular hits that never repeat: hard to dance to."""
    rng = random.Random(f"sparse {song.seed}")
    length = song.bars * song.style.beats
    notes = [
        Note(
            rng.randrange(length * 6) / 6,
            0.2,
            rng.choice((KICK, SNARE, HAT, 41, 45, 51)),
            rng.randint(50, 105),
        )
        for _ in range(length // 2)
    ]
    return Part(0, True, 110, tuple(sorted(notes, key=lambda note: note.start)))
