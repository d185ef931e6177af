"""Pairs of songs that a caption tells apart."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from engine.errors import Problem
from engine.metrics import ADHERENCE
from tests.training.fixtures import DESCRIPTION, rendering
from training import recipe
from training.data.captions import coupled, make_pairs, shared
from training.data.counterfactual import Cut
from training.starter.corpus.build import Rendering
from training.store import read_pairs

GENRES = {"jazz": ("piano", "upright bass"), "rock": ("distorted guitar", "drums")}


def song(seed: int, genre: str, split: str = "train", frames: int = 80) -> Rendering:
    description = DESCRIPTION.model_copy(
        update={
            "genre": genre,
            "family": genre,
            "instruments": GENRES[genre],
            "voice": "rap",
            "varied": False,
        }
    )
    return rendering(frames, name=f"{seed:06d}_0", seed=seed, split=split, description=description)


def write(folder: Path, songs: list[Rendering]) -> tuple[Path, Path]:
    corpus, tokens = folder / "corpus", folder / "tokens"
    (corpus / "songs").mkdir(parents=True)
    tokens.mkdir()
    for one in songs:
        (corpus / "songs" / f"{one.seed:06d}.json").write_text(json.dumps([one.model_dump()]))
        codes = np.random.default_rng(one.seed).integers(0, 9, (4, one.samples // 640))
        np.save(tokens / f"{one.name}.npy", codes.astype(np.int16))
    return corpus, tokens


def silent(*_: object) -> None:
    pass


def test_each_clip_is_chosen_under_its_caption_and_rejected_under_the_others(tmp_path):
    songs = [
        song(n, genre, split)
        for n, (genre, split) in enumerate(
            [
                ("jazz", "train"),
                ("rock", "train"),
                ("jazz", "train"),
                ("rock", "train"),
                ("jazz", "test"),
                ("rock", "validation"),
            ]
        )
    ]
    written = make_pairs(*write(tmp_path, songs), tmp_path / "pairs", 2, 40, silent)
    assert written.pairs == {ADHERENCE: {"train": 8, "test": 2 * 2}}
    for split in ("train", "test"):
        pairs = list(read_pairs([tmp_path / "pairs"], ADHERENCE, split))
        for pair, mirrored in zip(pairs[::2], pairs[1::2], strict=True):
            assert (pair.chosen.id, pair.rejected.id) == (mirrored.rejected.id, mirrored.chosen.id)
            genre = "jazz" if int(pair.chosen.source.split()[1].split("_")[0]) % 2 == 0 else "rock"
            assert any(word in pair.prompt for word in (genre, *GENRES[genre]))
            assert pair.prompt != mirrored.prompt and "rap" not in pair.prompt
            assert (pair.chosen.value, pair.rejected.value) == (1.0, 0.0)
            assert pair.chosen.codes.shape == (4, 40)


def test_songs_of_one_genre_make_no_pairs(tmp_path):
    with pytest.raises(Problem, match="4 × no song of another genre is left"):
        make_pairs(*write(tmp_path, [song(n, "jazz") for n in range(4)]), tmp_path / "pairs", 1, 40, silent)


def test_a_song_meets_the_one_with_which_it_shares_least():
    first = song(0, "jazz")
    alike = song(1, "rock").model_copy(
        update={
            "description": song(1, "rock").description.model_copy(update={"instruments": ("piano", "harp")})
        }
    )
    assert shared(first, alike) == pytest.approx(1 / 3) and shared(first, song(2, "rock")) == 0
    cuts = [Cut(one, 0, 40) for one in (song(2, "rock"), song(3, "rock"), alike, first)]
    left_out: Counter[str] = Counter()
    couples = list(coupled(cuts, left_out))
    assert len(couples) == 1 and left_out == {"no song of another genre is left": 2}
    assert alike.name not in [cut.rendering.name for cut in couples[0]]


def test_the_recipe_renders_songs_and_takes_up_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("training.recipe.SONGS", 3)
    told = []
    [part] = [part for part in recipe.PARTS if part.source == "captions"]
    monkeypatch.setattr("training.recipe.PARTS", (part,))
    for _ in range(2):
        recipe.make_pairs(
            tmp_path, "starter", 2, lambda what, done, total, _: told.append((what, done, total))
        )
    assert [line for line in told if line[0] == "rendering"] == [("rendering", n, 3) for n in (1, 2, 3)]
    pairs = list(read_pairs([tmp_path / "captions-10s"], ADHERENCE, "train"))
    assert pairs and all(pair.chosen.codes.shape == (16, 500) for pair in pairs)
