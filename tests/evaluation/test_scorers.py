"""Both scorers behind their one interface: a random CLAP as transformers saves it, and random towers."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import ClapFeatureExtractor, ClapModel

from engine.errors import CallProblem, Problem
from engine.scorer.features import RATE as STARTER_RATE
from engine.scorer.towers import Towers, TowersConfig
from evaluation.extractors import of_scorer, open_extractor
from evaluation.scorers import averaged, open_scorer, scores
from evaluation.scorers.clap import ClapScorer, embed_windows
from evaluation.scorers.starter import FEATURES, StarterScorer
from tests.engine.tiny import tokenizer
from tests.evaluation.tiny_clap import RATE, save_clap

RNG = np.random.default_rng(0)
TEXTS = ["rock guitar", "jazz piano drums", "slow"]


def sound(seconds: float, rate: int) -> np.ndarray:
    return (0.1 * RNG.standard_normal((1, round(seconds * rate)))).astype(np.float32)


@pytest.fixture(scope="module")
def clap_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clap(tmp_path_factory.mktemp("clap"))


@pytest.fixture(scope="module")
def towers_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("towers")
    torch.manual_seed(0)
    towers = Towers(TowersConfig(features=730, hidden=16, width=8))
    (folder / "config.json").write_text(towers.config.model_dump_json())
    half = {name: value.half() for name, value in towers.state_dict().items()}
    save_file(half, folder / "model.safetensors")
    return folder


@pytest.mark.filterwarnings("ignore")
def test_clap_scores_as_transformers_does(clap_folder: Path) -> None:
    scorer = open_scorer(str(clap_folder))
    audio = sound(10, RATE)
    kept = scorer.listener().hear(audio, None, RATE)
    found = scores(scorer.embed([kept]), scorer.embed_texts(TEXTS))[0]

    model = ClapModel.from_pretrained(clap_folder).eval()
    given = ClapFeatureExtractor.from_pretrained(clap_folder)(
        audio[0], sampling_rate=RATE, return_tensors="pt"
    )
    with torch.no_grad():
        for text, score in zip(TEXTS, found, strict=True):
            tokens = tokenizer()(text, return_tensors="pt")
            out = model(input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"], **given)
            expected = out.logits_per_audio / model.logit_scale_a.exp()
            assert score == pytest.approx(float(expected), abs=2e-3), text
    assert scorer.scale == pytest.approx(float(model.logit_scale_a.detach().exp()))


@pytest.mark.filterwarnings("ignore")
def test_windows_of_ten_seconds_are_averaged(clap_folder: Path) -> None:
    scorer = ClapScorer("tiny", clap_folder)
    audio = sound(25, RATE)
    starts = (0, round(7.5 * RATE), 15 * RATE)
    each = embed_windows(clap_folder, [audio[0, s : s + 10 * RATE] for s in starts])
    whole = scorer.embed([scorer.listener().hear(audio, None, RATE)])[0]
    assert whole == pytest.approx(averaged(each), abs=2e-3)
    assert np.linalg.norm(whole) == pytest.approx(1, abs=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_clips_heard_together_are_heard_as_alone(clap_folder: Path) -> None:
    listener = ClapScorer("tiny", clap_folder).listener()
    clips = [sound(10, RATE), np.zeros((1, 10 * RATE), np.float32), sound(12, RATE)]
    together = listener.hear_batch([(clip, np.zeros((1, 1), np.int64)) for clip in clips], RATE)
    assert [len(heard["windows"]) for heard in together] == [1, 0, 2]
    scorer = ClapScorer("tiny", clap_folder)
    alone = scorer.embed([listener.hear(clip, None, RATE) for clip in clips])
    assert scorer.embed(together) == pytest.approx(alone, abs=2e-3, nan_ok=True)


@pytest.mark.filterwarnings("ignore")
def test_silence_has_no_score(clap_folder: Path, towers_folder: Path) -> None:
    silence = np.zeros((1, 10 * RATE), np.float32)
    for scorer in (ClapScorer("tiny", clap_folder), StarterScorer(towers_folder)):
        loud, quiet = (scorer.listener().hear(audio, None, RATE) for audio in (sound(10, RATE), silence))
        found = scorer.embed([quiet, loud])
        assert np.isnan(found[0]).all() and np.isfinite(found[1]).all()
        assert scorer.embed([]).shape == (0, 8)


def test_what_is_heard_can_be_kept_and_pickled(towers_folder: Path) -> None:
    import pickle

    scorer = StarterScorer(towers_folder)
    listener = pickle.loads(pickle.dumps(scorer.listener()))
    heard = listener.hear(sound(4, STARTER_RATE), None, STARTER_RATE)
    assert json.loads(json.dumps(heard)) == heard
    assert np.array_equal(scorer.embed([heard]), scorer.embed([json.loads(json.dumps(heard))]))


def test_the_starter_scorer_embeds_texts_and_knows_its_weights(towers_folder: Path, tmp_path: Path) -> None:
    scorer = StarterScorer(towers_folder)
    texts = scorer.embed_texts(["a happy song", "a sad song"])
    assert np.linalg.norm(texts, axis=1) == pytest.approx([1, 1], abs=1e-6)
    assert len(scorer.version) == 16
    with pytest.raises(Problem, match="not there"):
        StarterScorer(tmp_path)
    other = shutil.copytree(towers_folder, tmp_path / "other")
    config = json.loads((other / "config.json").read_text()) | {"features_version": 99}
    (other / "config.json").write_text(json.dumps(config))
    with pytest.raises(Problem, match="version 99"):
        StarterScorer(other)


def test_scorers_that_are_not_here(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="not on this computer"):
        open_scorer("laion/clap-htsat-unfused")
    with pytest.raises(CallProblem, match="no model called"):
        open_scorer("nonsense")


def test_extractors_of_vibenet_and_of_a_scorer(towers_folder: Path) -> None:
    kept = [FEATURES.hear(sound(3, STARTER_RATE), None, STARTER_RATE), {"windows": [], "vibes": {}}]
    vibenet = open_extractor("vibenet")
    assert vibenet.features(kept).shape == (2, 256)
    posteriors = vibenet.posteriors(kept)
    assert posteriors.shape == (2, 7) and ((posteriors[0] >= 0) & (posteriors[0] <= 1)).all()
    assert np.isnan(posteriors[1]).all() and np.isnan(vibenet.features(kept)[1]).all()
    scorer = of_scorer(StarterScorer(towers_folder))
    assert scorer.posteriors(kept)[0].sum() == pytest.approx(1)
    with pytest.raises(CallProblem, match="no feature extractor"):
        open_extractor("pann")


@pytest.mark.filterwarnings("ignore")
def test_an_audioset_tagger_of_transformers_is_an_extractor(tmp_path: Path) -> None:
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    torch.manual_seed(0)
    config = ASTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        num_mel_bins=16,
        max_length=100,
        num_labels=5,
    )
    ASTForAudioClassification(config).save_pretrained(tmp_path)
    ASTFeatureExtractor(num_mel_bins=16, max_length=100).save_pretrained(tmp_path)
    extractor = open_extractor(f"audioset:{tmp_path}")
    audio = sound(2, 16_000)
    kept = [extractor.listener.hear(audio, None, 16_000), extractor.listener.hear(0 * audio, None, 16_000)]
    assert extractor.features(kept).shape == (2, 16)
    assert extractor.posteriors(kept).shape == (2, 5) and np.isnan(extractor.posteriors(kept)[1]).all()
