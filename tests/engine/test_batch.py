"""`engine.batch`."""

import pytest
import torch

from engine.adapters import LowRank
from engine.batch import make_clips
from engine.generate import Clip
from engine.job import GenerationSettings
from engine.model import Model, load_model
from tests.engine import tiny

PROMPTS = ["rock loud piano drums", "piano", "loud drums rock piano", "drums", "rock loud piano drums"]
SETTINGS = GenerationSettings(seconds=1)


@pytest.fixture(scope="module", params=["mono", "melody"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(tiny.save(getattr(tiny, request.param)(), tmp_path_factory.mktemp(request.param)))


def test_clips_of_several_prompts_are_those_made_alone(model: Model) -> None:
    changes = {
        module: LowRank(0.2 * torch.randn(2, into), 0.2 * torch.randn(out, 2), 1.0)
        for module, (out, into) in model.decoder.linear_shapes.items()
    }
    tuning = model.decoder.tune(changes)
    clips = [Clip(1), Clip(2), Clip(3, tuning), Clip(1, tuning), Clip(2, tuning)]
    together = make_clips(model, PROMPTS, clips, SETTINGS)
    alone = [make_clips(model, [p], [clip], SETTINGS)[0] for p, clip in zip(PROMPTS, clips, strict=True)]
    assert torch.equal(together, torch.stack(alone))
    assert len({tuple(codes.flatten().tolist()) for codes in alone}) == len(clips)


def test_a_clip_is_the_same_among_more_than_a_block_holds(model: Model) -> None:
    prompts = (PROMPTS * 11)[:53]
    clips = [Clip(number % 7) for number in range(53)]
    together = make_clips(model, prompts, clips, SETTINGS)
    for number in (0, 31, 47, 52):
        alone = make_clips(model, [prompts[number]], [clips[number]], SETTINGS)
        assert torch.equal(together[number], alone[0])
