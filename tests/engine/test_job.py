from pathlib import Path

import pytest
from pydantic import ValidationError

from engine.job import MAX_PROMPT_CHARS, AudioPrompt, GenerationSettings, Job, Sampling
from engine.mix import Mix


def test_a_job_survives_json():
    job = Job(
        prompt="classic rock, electric guitar",
        mix=Mix(knobs={"energy": 2.5}),
        seed=2**62,
        settings=GenerationSettings(seconds=12.5, top_k=50),
        audio_prompt=AudioPrompt(path=Path("riff.wav"), role="melody", start=1, end=4.5),
    )
    assert Job.model_validate_json(job.model_dump_json()) == job


def test_the_defaults_are_the_starter_ten_seconds_and_neutral():
    job = Job(prompt=" jazz ")
    assert (job.prompt, job.model, job.settings.seconds, job.mix.neutral) == ("jazz", "starter", 10.0, True)


@pytest.mark.parametrize("prompt", ["", "  \n", "x" * (MAX_PROMPT_CHARS + 1)])
def test_an_empty_or_endless_prompt_is_refused(prompt):
    with pytest.raises(ValidationError, match="prompt"):
        Job(prompt=prompt)


@pytest.mark.parametrize(
    "settings",
    [
        {"seconds": float("nan")},
        {"seconds": 0.5},
        {"seconds": 601},
        {"guidance": 0.9},
        {"temperature": 0},
        {"top_k": 0},
        {"topk": 5},
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValidationError):
        GenerationSettings(**settings)


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValidationError, match="seed"):
        Job(prompt="jazz", seed=seed)


def test_what_the_user_leaves_open_is_the_models_own():
    own = Sampling(guidance=1.5, temperature=0.9, top_k=100)
    settings = GenerationSettings(seconds=5, temperature=0.7)
    assert settings.sampling(own) == Sampling(1.5, 0.7, 100)
    assert settings.settled(own) == GenerationSettings(seconds=5, guidance=1.5, temperature=0.7, top_k=100)
