"""Each source of pairs, from its files to pairs on disk."""

import json
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.cli import main
from engine.errors import Problem
from engine.job import Job
from engine.metrics import ADHERENCE, METRIC_IDS
from engine.packs import DIRECTIONS, load_pack
from engine.preferences import Preference, write_preference
from engine.recipe import ModelRecord, Recipe
from engine.take import Take, write_take
from tests.engine import tiny
from tests.training.fixtures import rendering
from training import recipe
from training.batches import sides
from training.codec import codec_id, load_codec
from training.data import counterfactual, folder, library, selfplay, spotify
from training.data.clips import Excerpt, encode_excerpts, excerpts_of
from training.data.select import Rule
from training.data.splits import split_of
from training.pack import Slot
from training.store import NoPairs, read_pairs, read_summary

SECONDS = 2.0


def silent(what, done, total, figures):
    """Tell nobody."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tiny.mono(), tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are tested by the starter's tests; here they would cost more than the work."""

    def in_turn(work, items, workers, start=None):
        return (work(item) for item in items)

    for name in ("clips", "selfplay"):
        monkeypatch.setattr(f"training.data.{name}.in_processes", in_turn)


def write_sound(path: Path, seed: int, seconds: float = SECONDS, level: float = 0.2, **tags: str) -> Path:
    """Noise of a colour of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).standard_normal(int(seconds * 8000))
    smooth = np.convolve(noise, np.ones(1 + seed % 5) / (1 + seed % 5), "same")
    with soundfile.SoundFile(path, "w", 8000, 1) as file:
        for name, value in tags.items():
            setattr(file, name, value)
        file.write((level * smooth).astype(np.float32))
    return path


# Codes


def test_what_was_encoded_is_not_encoded_again(tmp_path, model, monkeypatch):
    sounds = [write_sound(tmp_path / f"{n}.wav", n) for n in range(2)]
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    quiet = write_sound(tmp_path / "quiet.wav", 3, level=0)
    left_out: Counter[str] = Counter()
    wanted = [Excerpt(path, 0.5, 1.0) for path in (*sounds, tmp_path / "broken.wav", quiet)]
    found = encode_excerpts(wanted, model, True, 1, left_out, silent)
    assert left_out == {"audio that cannot be read": 1, "silent audio": 1}
    assert found[2:] == [None, None]
    codec = load_codec(model)
    assert np.load(found[0].codes).shape == (codec.codebooks, tiny.FRAME_RATE)
    assert found[0].labels["energy"] is not None
    monkeypatch.setattr("training.data.clips.encode", lambda *_: pytest.fail("encoded again"))
    (tmp_path / "copy.wav").write_bytes(sounds[0].read_bytes())
    again = encode_excerpts([Excerpt(tmp_path / "copy.wav", 0.5, 1.0)], model, True, 1, left_out, silent)
    assert again == found[:1]


def test_excerpts_are_spread_over_a_file(tmp_path):
    path = write_sound(tmp_path / "a.wav", 0, seconds=10.0)
    assert [cut.start for cut in excerpts_of(path, 2, 3.0)] == pytest.approx([4 / 3, 17 / 3])
    with pytest.raises(Problem, match="shorter than 11 s"):
        excerpts_of(path, 1, 11.0)


def test_another_codec_has_another_name(tmp_path, model):
    assert codec_id(model) != codec_id(tiny.save(tiny.stereo(), tmp_path / "stereo"))


# Spotify


def codes_of_its_own(model: Path, audio: np.ndarray) -> np.ndarray:
    """Codes that differ for every audio; the tiny codec, which is not trained, hears noise as one code."""
    return np.random.default_rng(int(1e6 * abs(audio).sum())).integers(0, tiny.CARD, (4, 50), np.int16)


def write_spotify(tmp_path: Path, songs: int = 24) -> tuple[Path, Path]:
    """A CSV of songs in two genres; song 1 stands there twice, song 2 has a copy, song 3 no preview."""
    rng = np.random.default_rng(0)
    head = ["track_id", "artists", "track_name", "track_genre", *METRIC_IDS[:9]]
    rows = [",".join(head)]
    numbers = [",".join(f"{x:.3f}" for x in rng.random(9)) for _ in range(songs)]
    for n in range(songs):
        rows.append(f"id{n},artist {n % 5},song {n},{('pop', 'rock')[n % 2]},{numbers[n]}")
        if n != 3:
            write_sound(tmp_path / "previews" / f"id{n}.wav", n)
    rows.append(f"id1,artist 1,song 1,indie pop,{numbers[1]}")
    rows.append(f"other,Artist 2,Song 2,pop,{numbers[2]}")
    rows.append(f",artist 9,nameless,pop,{numbers[2]}")
    (tmp_path / "songs.csv").write_text("\n".join(rows))
    return tmp_path / "songs.csv", tmp_path / "previews"


def test_spotify_songs_meet_in_genre_space(tmp_path, model, monkeypatch):
    monkeypatch.setattr("training.data.splits.TEST_SHARE", 0.4)
    monkeypatch.setattr("training.data.clips.encode", codes_of_its_own)
    csv, previews = write_spotify(tmp_path)
    (tmp_path / "artists.csv").write_text("name,genres\nartist 0,\"['dance pop', 'pop']\"\n")
    (tmp_path / "youtube.csv").write_text(
        "track_id,likes,dislikes,comments,views\n"
        + "\n".join(f"id{n},{90 + n},10,{n},{1000 + 10 * n}" for n in range(20))
        + "\nid20,0,0,0,0"
    )
    written = spotify.make_pairs(
        csv,
        previews,
        tmp_path / "pairs",
        model,
        spotify.Pairing(),
        tmp_path / "artists.csv",
        tmp_path / "youtube.csv",
        1.0,
        1,
        silent,
    )
    assert written.left_out["no preview"] == 1
    assert written.left_out["further rows of a track (their genres are joined)"] == 1
    assert written.left_out["copies of a song under another id"] == 1
    assert written.left_out["rows without id, name or artist"] == 1
    assert set(written.pairs) == set(METRIC_IDS) - {"rating"}
    place = 4 + METRIC_IDS.index("energy")
    table = {float(row.split(",")[place]) for row in csv.read_text().splitlines()[1:]}
    trained, tested = (read_pairs([tmp_path / "pairs"], "energy", split) for split in ("train", "test"))
    values = [{v for p in pairs for v in (p.chosen.value, p.rejected.value)} for pairs in (trained, tested)]
    assert values[0] | values[1] <= table
    assert not values[0] & values[1], "a song stands in both splits"
    assert {pair.prompt for pair in trained} <= {"pop", "rock", "dance pop, pop", "indie pop, rock"}


def test_youtube_figures_are_the_papers(tmp_path):
    csv, _ = write_spotify(tmp_path, 4)
    (tmp_path / "youtube.csv").write_text(
        "track_id,likes,dislikes,comments,views,rating\nid0,80,20,50,3000,4.2\nid2,0,0,0,0,\n"
    )
    songs = spotify.read_songs(csv, None, tmp_path / "youtube.csv", Counter())
    found = dict(zip(METRIC_IDS, songs.values[songs.ids.index("id0")], strict=True))
    assert found["interactions"] == pytest.approx(50.0)
    assert found["like_ratio"] == pytest.approx(0.8)
    assert (found["views"], found["rating"]) == (3000, 4.2)
    assert np.isnan(songs.values[songs.ids.index("id2"), METRIC_IDS.index("like_ratio")])


def test_rows_that_say_nothing_are_counted_by_reason(tmp_path):
    csv, _ = write_spotify(tmp_path, 6)
    table = csv.read_text().splitlines()
    table[5] = ",".join([*table[5].split(",")[:4], "loud", *table[5].split(",")[5:]])
    csv.write_text("\n".join(table))
    (tmp_path / "artists.csv").write_text("name,genres\nartist 0,pop\nartist 0,indie\nartist 1,\n,rock\n")
    (tmp_path / "youtube.csv").write_text(
        "track_id,likes,dislikes,comments,views\n"
        "id0,8,2,0,100\nid0,9,1,0,100\nid1,-1,2,0,100\nid2,many,2,0,100\nother song,1,1,1,1\n,1,1,1,1\n"
    )
    left_out: Counter[str] = Counter()
    songs = spotify.read_songs(csv, tmp_path / "artists.csv", tmp_path / "youtube.csv", left_out)
    assert {reason: count for reason, count in left_out.items() if count} == {
        "copies of a song under another id": 1,
        "rows without id, name or artist": 1,
        "further rows of a track (their genres are joined)": 1,
        "popularity: no number": 1,
        "artists: rows without name or genres": 2,
        "YouTube: rows without a track id": 1,
        "YouTube: rows of songs that are not in the list": 1,
        "YouTube: further rows of a track": 1,
        "YouTube: likes: no number": 1,
        "YouTube: likes: below 0": 1,
    }
    assert songs.genres[songs.ids.index("id0")] == {"pop", "indie"}
    assert songs.values[songs.ids.index("id0"), METRIC_IDS.index("like_ratio")] == pytest.approx(0.8)
    assert np.isnan(songs.values[songs.ids.index("id1"), METRIC_IDS.index("like_ratio")])


def test_songs_of_a_genre_and_of_other_artists(tmp_path):
    csv, _ = write_spotify(tmp_path)
    left_out: Counter[str] = Counter()
    songs = spotify.of_genre(spotify.read_songs(csv, None, None, left_out), "Pop", left_out)
    assert all(any("pop" in genre for genre in genres) for genres in songs.genres)
    pairing = spotify.Pairing(matches=2, same_artist=False)
    candidates = spotify.pair_songs(songs, pairing, left_out)
    assert len(candidates) and all(songs.artists[i] != songs.artists[j] for i, j in candidates)


def test_a_csv_without_a_column_is_named(tmp_path):
    (tmp_path / "songs.csv").write_text("track_id,artists\n")
    with pytest.raises(Problem, match=r"songs\.csv has no column 'track_genre'"):
        spotify.read_songs(tmp_path / "songs.csv", None, None, Counter())


# Your own music


def test_own_music_is_paired_by_tags_and_folders(tmp_path, model):
    for n in range(6):
        write_sound(tmp_path / "music" / "Hard_Rock" / f"{n}.wav", n, level=0.05 + 0.1 * n)
    for n in range(6, 9):
        write_sound(tmp_path / "music" / f"tagged {n}.flac", n, genre="Hard Rock; Blues", artist="Them")
    write_sound(tmp_path / "music" / "untold.wav", 20)
    write_sound(tmp_path / "music" / "Hard_Rock" / "short.wav", 21, seconds=0.4)
    written = folder.make_pairs(
        tmp_path / "music", tmp_path / "pairs", model, 3, True, 1, 1.0, Rule(0.1), 1, silent
    )
    assert written.left_out["no genre, in the tags or as a folder's name"] == 1
    assert written.left_out["shorter than a clip"] == 1
    pairs = read_pairs([tmp_path / "pairs"], "energy", "train")
    assert {pair.prompt for pair in pairs} <= {"hard rock", "blues, hard rock"}
    assert all(pair.chosen.value > pair.rejected.value for pair in pairs)
    assert read_summary(tmp_path / "pairs")["estimators"]["energy"] == "vibenet energy, 0 to 1"


def test_a_folder_without_music_is_a_problem(tmp_path, model):
    (tmp_path / "music").mkdir()
    with pytest.raises(Problem, match="holds no audio"):
        folder.make_pairs(tmp_path / "music", tmp_path / "pairs", model, 1, True, 1, 1.0, Rule(), 1, silent)


# Self-play


def test_the_model_plays_against_itself(tmp_path, model, monkeypatch):
    prompts = ["rock guitar", "slow jazz piano", "loud drums"]
    settings = selfplay.GenerationSettings(seconds=1, guidance=1)
    play = selfplay.Play(clips=4, settings=settings)
    rule = selfplay.Thresholds(Rule(0.1, 9.0), lower_least=-1.5)
    made = selfplay.make_pairs(prompts, tmp_path / "pairs", model, "0" * 64, play, rule, 1, silent)
    assert made.pairs
    metric, splits = next((m, s) for m, s in made.pairs.items() if s["train"])
    pairs = read_pairs([tmp_path / "pairs"], metric, "train")
    assert len(pairs) == splits["train"]
    for pair in pairs:
        assert pair.prompt in prompts
        assert all(side.source.startswith(f"'{pair.prompt}'") for side in (pair.chosen, pair.rejected))
    monkeypatch.setattr(selfplay, "make_clips", lambda *_: pytest.fail("played again"))
    again = selfplay.make_pairs(prompts, tmp_path / "again", model, "0" * 64, play, rule, 1, silent)
    assert again == made


def test_what_a_knob_is_to_prefer_fits_the_prompt_no_worse(tmp_path, model, monkeypatch):
    monkeypatch.setattr(selfplay, "fits", lambda embeddings, _: np.arange(len(embeddings), dtype=float))
    settings = selfplay.GenerationSettings(seconds=1, guidance=1)
    play, rule = selfplay.Play(clips=4, settings=settings), selfplay.Thresholds(Rule(0.1, 9.0, faithful=True))
    selfplay.make_pairs(["rock guitar", "piano"], tmp_path / "p", model, "0" * 64, play, rule, 1, silent)
    found = []
    for metric, direction in product(METRIC_IDS, DIRECTIONS):
        for split in ("train", "test"):
            with suppress(NoPairs):
                found += [
                    (direction, *(int(side.source[-1]) for side in sides(pair, direction)))
                    for pair in read_pairs([tmp_path / "p"], metric, split, direction)
                ]
    assert {direction for direction, *_ in found} == {"positive", "negative"}
    assert all(better > worse for _, better, worse in found)  # a later seed fits better here


def test_hints_are_beside_the_prompt():
    words = selfplay.wordings("jazz", selfplay.Play(clips=2, hints=True))
    assert words[:2] == [("jazz", 0), ("jazz", 1)]
    assert ("jazz, live audience, applause" in dict(words)) and len(words) == 2 + 26


def test_two_estimators_must_agree():
    made = [
        selfplay._Made("jazz", "", "", {}, {"tempo": tempo} if tempo else {}, None, [])
        for tempo in (100.0, 120.0, 140.0, None)
    ]
    left_out: Counter[str] = Counter()
    candidates, first = np.array([[1, 0], [0, 2], [3, 0]]), np.array([100.0, 110.0, 90.0, 130.0])
    pairs = selfplay._agreed(candidates, made, first, "tempo", left_out)
    assert pairs.tolist() == [[1, 0], [3, 0]]
    assert left_out == {"tempo: a second estimator disagrees": 1}


def test_a_faulty_clip_is_worse_than_sound_ones_of_its_prompt(tmp_path):
    for name in "abcd":
        selfplay.write_codes(tmp_path / "codes" / f"{name}.npy", np.full((2, 3), ord(name), dtype=np.int16))
    good = [
        selfplay._Made(p, f"{p} {f}", f"{f}.npy", {}, {}, None, [])
        for p, f in (("jazz", "a"), ("jazz", "b"), ("rock", "c"))
    ]
    bad = selfplay._Made("jazz", "jazz d", "d.npy", {}, {}, None, ["silent"])
    found = list(selfplay._sound(good, [bad], tmp_path))
    assert [(p.metric, p.chosen.source, p.rejected.source) for p in found] == [
        ("soundness", "jazz a", "jazz d"),
        ("soundness", "jazz b", "jazz d"),
    ]
    assert {p.split for p in found} == {split_of("jazz")}


# The library


def write_judged(place: Path, name: str, seed: int, prompt: str, preference: Preference | None) -> None:
    rng = np.random.default_rng(seed)
    base, tuned = (0.2 * rng.standard_normal((1, tiny.SAMPLE_RATE)).astype(np.float32) for _ in range(2))
    recipe = Recipe(
        job=Job(prompt=prompt, mix={"knobs": {"energy": 3}}),
        model=ModelRecord(id="starter", source="bundled", license=None, sha256="0" * 64),
        weights={"base": 0.6, "energy": 0.4},
        torch_version="2",
        device="cpu",
        sample_rate=tiny.SAMPLE_RATE,
    )
    write_take(Take(base, tuned, tiny.SAMPLE_RATE, recipe), place / name)
    if preference:
        write_preference(place / name, preference)


def test_choices_and_stars_become_pairs(tmp_path, model):
    takes = tmp_path / "takes"
    write_judged(takes, "a", 1, "jazz", Preference(choice="tuned", stars=5))
    write_judged(takes, "b", 2, "jazz", Preference(choice="base", stars=2))
    write_judged(takes, "c", 3, "rock", Preference(choice="tie", liked=True))
    write_judged(takes, "d", 4, "rock", None)
    written = library.make_pairs(takes, tmp_path / "pairs", model, 1, silent)
    assert written.left_out == {"takes that were not judged": 1, "ties": 1}
    pairs = [p for split in ("train", "test") for p in _pairs_or_none(tmp_path / "pairs", split)]
    assert sorted((p.chosen.source, p.rejected.source, p.prompt) for p in pairs) == [
        ("a/tuned.wav", "a/base.wav", "jazz"),
        ("a/tuned.wav", "b/tuned.wav", "jazz"),
        ("b/base.wav", "b/tuned.wav", "jazz"),
    ]


def test_stars_and_likes_of_base_clips_count_too(tmp_path, model):
    takes = tmp_path / "takes"
    write_judged(takes, "a", 1, "jazz", Preference(base_stars=4, stars=1))
    write_judged(takes, "b", 2, "jazz", Preference(base_liked=False))
    write_judged(takes, "c", 3, "rock", Preference(base_stars=5, stars=2, choice="tuned"))
    written = library.make_pairs(takes, tmp_path / "pairs", model, 1, silent)
    assert written.left_out == {}
    pairs = [p for split in ("train", "test") for p in _pairs_or_none(tmp_path / "pairs", split)]
    assert sorted((p.chosen.source, p.chosen.value, p.rejected.source, p.rejected.value) for p in pairs) == [
        ("a/base.wav", 0.8, "a/tuned.wav", 0.2),
        ("a/base.wav", 0.8, "b/base.wav", 0.0),
        ("a/tuned.wav", 0.2, "b/base.wav", 0.0),
        ("c/tuned.wav", 1.0, "c/base.wav", 0.0),
    ]


def _pairs_or_none(place: Path, split: str) -> list:
    try:
        return list(read_pairs([place], "rating", split))
    except Problem:
        return []


# The starter's corpus


def write_renderings(corpus: Path, tokens: Path) -> None:
    """Six songs, each as composed and in two variants, with random codes."""
    (corpus / "songs").mkdir(parents=True)
    tokens.mkdir()
    rng = np.random.default_rng(0)
    for seed in range(6):
        versions = [
            rendering(
                80,
                name=f"{seed:06d}_{v}",
                seed=seed,
                variant=v,
                axis=axis,
                split="test" if seed > 3 else "train",
            )
            for v, axis in enumerate(("", "tempo", "live"))
        ]
        (corpus / "songs" / f"{seed:06d}.json").write_text(json.dumps([v.model_dump() for v in versions]))
        for version in versions:
            codes = rng.integers(0, rng.integers(4, tiny.CARD), (4, 80))
            np.save(tokens / f"{version.name}.npy", codes.astype(np.int16))


def test_variants_of_a_song_are_paired_by_what_they_measure(tmp_path, model):
    corpus, tokens = tmp_path / "corpus", tmp_path / "tokens"
    write_renderings(corpus, tokens)
    written = counterfactual.make_pairs(
        corpus, tokens, tmp_path / "pairs", model, 2, 48, Rule(0.2, limit=4), 1, silent
    )
    pairs = read_pairs([tmp_path / "pairs"], "energy", "train")
    assert 0 < len(pairs) <= written.pairs["energy"]["train"] <= 4
    for pair in pairs:
        songs = {side.source.split()[1].split("_")[0] for side in (pair.chosen, pair.rejected)}
        assert len(songs) == 1, "both are of one song"
        assert any("as composed" in side.source for side in (pair.chosen, pair.rejected))
        assert pair.chosen.codes.shape == (4, 48)
        assert "bpm" not in pair.prompt


@pytest.mark.parametrize(("beat_frames", "kept"), [((25, 20), 4), ((20, 20), 0), ((20, 25), 0)])
def test_a_tempo_counts_if_the_score_says_the_same(tmp_path, model, monkeypatch, beat_frames, kept):
    corpus, tokens = tmp_path / "corpus", tmp_path / "tokens"
    (corpus / "songs").mkdir(parents=True)
    tokens.mkdir()
    for seed in range(4):
        plain, other = (
            rendering(80, name=f"{seed}_{v}", seed=seed, variant=v, axis=axis, beat_frames=beat)
            for v, (axis, beat) in enumerate(zip(("", "tempo"), beat_frames, strict=True))
        )
        (corpus / "songs" / f"{seed:06d}.json").write_text(
            json.dumps([plain.model_dump(), other.model_dump()])
        )
        for version in (plain, other):
            np.save(tokens / f"{version.name}.npy", np.full((4, 80), 2 * seed + version.variant, np.int16))

    def measured(codes, ids, model, workers, tell):  # the variants, odd codes, are the faster ones
        return [{"tempo": 90.0 + 30 * (clip[0, 0] % 2), "energy": float(clip[0, 0] % 2)} for clip in codes]

    monkeypatch.setattr(counterfactual, "label_codes", measured)
    left_out = counterfactual.make_pairs(
        corpus, tokens, tmp_path / "pairs", model, 1, 48, Rule(0.1), 1, silent
    )
    assert sum(left_out.pairs.get("tempo", {}).values()) == kept
    assert left_out.left_out.get("tempo: the score says otherwise", 0) == 4 - kept


def test_the_starters_recipe_is_one_command(tmp_path, model, monkeypatch, capsys):
    monkeypatch.setattr("training.recipe.SETTINGS", {**recipe.SETTINGS, "bf16": False, "num_train_epochs": 1})
    parts = tuple(replace(part, steps=2, seconds=part.seconds / 5) for part in recipe.PARTS)
    monkeypatch.setattr("training.recipe.PARTS", parts)
    monkeypatch.setattr("training.recipe.RULE", Rule(0.1))
    monkeypatch.setattr("training.recipe.PROMPTS_EVERY", 60)
    monkeypatch.setattr("training.recipe.CLIPS", 8)
    words = ["train", "starter", "--metric", "energy", "--metric", "valence"]
    words += ["--data", str(tmp_path / "pairs"), "--out", str(tmp_path / "pack"), "--model", str(model)]
    assert main([*words, "--json"]) == 0, capsys.readouterr().err
    found = json.loads(capsys.readouterr().out)["adapters"]
    assert {state["state"] for state in found.values()} == {"done"} and len(found) == 4
    card = found["energy/positive"]["card"]
    assert card["measured_as"] == "vibenet energy, 0 to 1"
    assert (card["trained_on"], card["settings"]["first_frames"]) == ("self-play, 8 prompts", 100)
    assert found["valence/negative"]["card"]["settings"]["first_frames"] is None
    assert "with adherence to the prompt" in card["method"]
    config = json.loads((tmp_path / "pack/energy/positive/adapter_config.json").read_bytes())
    assert config["r"] == 12
    assert load_pack(tmp_path / "pack").manifest.name == "starter"


def test_directions_are_learned_equally_strong_and_then_each_has_its_own():
    slots = [
        Slot(0, "danceability", "negative"),
        Slot(1, "danceability", "positive"),
        Slot(2, "tempo", "positive"),
    ]
    plans = recipe.starter_plans(slots, Path("data"), "starter")
    assert [plan.strength for plan in plans.values()] == [0.0097, 0.0097, None]
    assert [plan.strength for plan in recipe.opposed_plans(plans).values()] == [0.0053, 0.0097, None]


def test_every_metric_is_in_one_part_of_the_recipe():
    found = sorted(metric for part in recipe.PARTS for metric in part.metrics)
    assert found == sorted([*METRIC_IDS, ADHERENCE])
