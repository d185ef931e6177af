"""A job: one request to generate, validated, and independent of where it runs."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from engine.mix import Mix

MAX_PROMPT_CHARS = 2000
MAX_SECONDS = 600.0
STARTER = "starter"

Precision = Literal["auto", "fp32", "fp16", "bf16", "int8"]  # what may be asked for
Product = Literal["fp32", "fp16", "bf16", "int8"]  # what weights are multiplied in


@dataclass(frozen=True)
class Sampling:
    """How codes are drawn; `guidance` is the classifier-free scale (1 = off).

    The defaults are MusicGen's (`set_generation_params` in https://github.com/facebookresearch/audiocraft).
    """

    guidance: float = 3.0
    temperature: float = 1.0
    top_k: int = 250


class GenerationSettings(BaseModel):
    """How to generate `seconds` of audio. Of the sampling, what is None is the model's own.

    `precision` is that of the decoder's products; what "auto" is, `engine.precision` says.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = Field(default=10.0, ge=1, le=MAX_SECONDS, allow_inf_nan=False)
    guidance: float | None = Field(default=None, ge=1, le=20, allow_inf_nan=False)
    temperature: float | None = Field(default=None, gt=0, le=5, allow_inf_nan=False)
    top_k: int | None = Field(default=None, ge=1, le=100_000)
    precision: Precision = "auto"

    def sampling(self, own: Sampling) -> Sampling:
        """What is to be sampled with by a model whose `own` sampling this is."""
        return Sampling(
            own.guidance if self.guidance is None else self.guidance,
            own.temperature if self.temperature is None else self.temperature,
            own.top_k if self.top_k is None else self.top_k,
        )

    def settled(self, own: Sampling) -> Self:
        """The same with nothing left to the model."""
        return self.model_copy(update=asdict(self.sampling(own)))


class AudioPrompt(BaseModel):
    """Audio to begin from. `start` and `end` are seconds in the file; None means its last second."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    role: Literal["continue", "melody"] = "continue"
    start: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    end: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class Job(BaseModel):
    """One request to generate a take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str = Field(max_length=MAX_PROMPT_CHARS)
    mix: Mix = Field(default_factory=Mix)
    seed: int = Field(default=0, ge=0, lt=2**63)
    settings: GenerationSettings = Field(default_factory=GenerationSettings)
    model: str = STARTER
    audio_prompt: AudioPrompt | None = None

    @field_validator("prompt")
    @classmethod
    def _not_empty(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("the prompt is empty; describe the music, e.g. 'jazz, piano, drums'")
        return prompt.strip()
