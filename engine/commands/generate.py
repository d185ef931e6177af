"""`tunedial generate`: one take from a prompt."""

import secrets
from pathlib import Path
from typing import Any, get_args

import click
from pydantic import ValidationError

from engine.commands.common import backend_option, call_problem, json_option, note, open_backend, out_option
from engine.errors import CallProblem
from engine.job import STARTER, GenerationSettings, Job, Precision
from engine.metrics import METRIC_IDS, metric

DRAWN_SEED_BITS = 32
DEFAULTS = GenerationSettings()


def _knobs(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> dict[str, float]:
    """The knobs of all METRIC=VALUE words; the last of one metric counts. Raises CallProblem."""
    knobs = {}
    for word in words:
        name, _, number = word.partition("=")
        metric(name)
        try:
            knobs[name] = float(number)
        except ValueError:
            raise CallProblem(
                f"--set {word} gives no number.", f"Write it like --set {name}=3, from -5 to 5."
            ) from None
    return knobs


def _model(ctx: click.Context, param: click.Parameter, name: str) -> str:
    """The model's name, a folder's in full, so that the recipe is of use in any working folder."""
    return str(Path(name).resolve()) if name != STARTER and Path(name).is_dir() else name


@click.command(short_help="Make a take from a prompt.", epilog=f"The knobs: {', '.join(METRIC_IDS)}.")
@click.argument("prompt", required=False)
@click.option(
    "--set",
    "knobs",
    metavar="METRIC=VALUE",
    callback=_knobs,
    multiple=True,
    help="Turn a knob, from -5 to 5; repeatable.",
)
@click.option("--preset", help="Begin from a preset's file or name; options typed here win.")
@click.option("--amount", type=float, help="How much of the mix to add, 0 to 4.  [default: 1]")
@click.option("--seconds", type=float, help=f"Length of the clips.  [default: {DEFAULTS.seconds:g}]")
@click.option("--seed", type=int, help="A seed repeats its take.  [default: drawn, and printed]")
@click.option("--guidance", type=float, help="Weight of the prompt, 1 to 20.  [default: the model's]")
@click.option("--temperature", type=float, help="Lower plays safer.  [default: the model's]")
@click.option("--top-k", type=int, help="Choose among the K likeliest.  [default: the model's]")
@click.option(
    "--precision",
    type=click.Choice(get_args(Precision)),
    help=f"int8 is fastest, fp32 exact.  [default: {DEFAULTS.precision}]",
)
@click.option(
    "--audio-prompt",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Audio to begin from.",
)
@click.option("--as", "role", type=click.Choice(["continue", "melody"]), help="What the audio prompt is for.")
@click.option("--audio-start", type=float, help="Second of the audio prompt to begin at.  [default: 0]")
@click.option("--audio-end", type=float, help="Second of it to stop at.  [default: its last]")
@click.option(
    "--model",
    default=STARTER,
    show_default=True,
    callback=_model,
    help="A model's name, folder or hub id.",
)
@backend_option
@out_option
@click.option("--keep-partial", is_flag=True, help="Keep what was decoded when stopped with Ctrl-C.")
@json_option
def generate(
    prompt: str | None,
    knobs: dict[str, float],
    preset: str | None,
    amount: float | None,
    seconds: float | None,
    seed: int | None,
    guidance: float | None,
    temperature: float | None,
    top_k: int | None,
    precision: Precision | None,
    audio_prompt: Path | None,
    role: str | None,
    audio_start: float | None,
    audio_end: float | None,
    model: str,
    backend: str,
    out: Path | None,
    keep_partial: bool,
    as_json: bool,
) -> None:
    """Make a take: PROMPT becomes two clips with the same noise, base and tuned.

    \b
    tunedial generate "jazz, piano, double bass, drums"
    tunedial generate "classic rock, electric guitar, drums" --set energy=3 --set valence=-2
    tunedial generate "late jazz, trumpet" --preset "Late Night Trio" --amount 0.5
    tunedial generate "slow blues, harmonica" --seconds 20 --seed 7 --out blues
    tunedial generate "funk, bass, drums" --audio-prompt riff.wav --as continue --audio-end 4
    tunedial generate "ambient, pads" --model ./my-musicgen --json

    The base clip is the model as it is; the tuned clip is the model the knobs lean. With all knobs at 0
    both are the same.
    """
    from engine.commands.jobs import make_take, new_take_folder, report

    heard = _given(role=role, start=audio_start, end=audio_end)
    if heard and not audio_prompt:
        raise CallProblem("There is no audio to begin from.", "Add --audio-prompt FILE.")
    runner = open_backend(backend)
    saved = _saved(preset, model) if preset else {}
    words = saved.get("prompt") if prompt is None else prompt
    if words is None:
        raise CallProblem("There is no prompt.", 'Describe the music, e.g. tunedial generate "jazz, piano"')
    mix, settings = saved.get("mix", {}), saved.get("settings", {})
    typed = _given(
        seconds=seconds, guidance=guidance, temperature=temperature, top_k=top_k, precision=precision
    )
    try:
        job = Job.model_validate(
            {
                "prompt": words,
                "mix": mix | _given(amount=amount) | {"knobs": mix.get("knobs", {}) | knobs},
                "seed": secrets.randbits(DRAWN_SEED_BITS) if seed is None else seed,
                "settings": settings | typed,
                "model": model,
                "audio_prompt": audio_prompt and {"path": audio_prompt.resolve()} | heard,
            }
        )
    except ValidationError as error:
        raise call_problem(error) from error
    report(make_take(runner, job, out or new_take_folder(), keep_partial), as_json)


def _saved(name: str, model: str) -> dict[str, Any]:
    """Prompt, mix and settings of the preset `name`, after saying what it lacks here."""
    from engine.commands.presets import lacks
    from engine.preset import find_preset

    preset = find_preset(name)
    for line in lacks(preset, model):
        note(line)
    return preset.model_dump(include={"prompt", "mix", "settings"}, exclude_none=True)


def _given(**options: object) -> dict[str, object]:
    """The options that were typed; the rest keep their defaults."""
    return {name: value for name, value in options.items() if value is not None}
