"""How one adapter is trained: ours in a few fields, everything else in TRL's DPOConfig."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from engine.catalog import ModelRef, find_model
from engine.errors import CallProblem, Problem
from engine.job import STARTER
from engine.recipe import Direction
from engine.validation import first_fault
from training.losses import LOSSES
from training.policy import LoraPlan

# The paper's: 3 pairs a batch, 150 warm-up steps, 10 epochs, half of the layers frozen (`LoraPlan`),
# reference log-probabilities worked out beforehand. Its learning rate, 1e-8, is for whole models: a LoRA
# stays where it is.
DEFAULTS: Mapping[str, Any] = {
    "per_device_train_batch_size": 3,
    "per_device_eval_batch_size": 6,
    "learning_rate": 1e-4,
    "warmup_steps": 150,
    "num_train_epochs": 10,
    "beta": 0.1,
    "precompute_ref_log_probs": True,
    "activation_checkpointing": False,
    "activation_checkpointing_kwargs": {"use_reentrant": False},  # reentrant would undo the frozen layers
    "logging_steps": 10,
    "eval_strategy": "steps",
    "eval_steps": 50,
    "save_total_limit": 2,
    "seed": 0,
}
# What the trainer relies on.
_FIXED: Mapping[str, Any] = {
    "remove_unused_columns": False,
    "load_best_model_at_end": True,
    "metric_for_best_model": "eval_good",  # see training.stopping
    "greater_is_better": True,
    "label_names": [],
    "report_to": [],  # TensorBoard is written besides
    "disable_tqdm": True,
}
# What transformers now calls otherwise.
_RENAMED: Mapping[str, str] = {
    "gradient_checkpointing": "activation_checkpointing",
    "gradient_checkpointing_kwargs": "activation_checkpointing_kwargs",
}
# Options of DPOConfig that change the loss in ways this trainer has not.
_UNSUPPORTED = (
    "ld_alpha",
    "f_divergence_type",
    "use_weighting",
    "sync_ref_model",
    "padding_free",
    "router_aux_loss_coef",
)


@dataclass(frozen=True)
class Plan:
    """One adapter: what it is to do, the pairs it learns from, and how.

    `settings` are fields of TRL's DPOConfig, as text or typed. Training stops after `patience` evaluations
    whose held-out reward accuracy was worse than the best (see `training.stopping`). `pairs` and
    `held_out` limit how many pairs of `data`, folders of them, are used. `beginnings` says for some metrics
    how many of a clip's first frames are learned from: what follows would only hide what decides. Adapters
    are scaled so that they diverge from the base by `strength` nats a code of these, if it is given (see
    `training.strength`).
    """

    metric: str
    direction: Direction
    data: tuple[Path, ...]
    model: str = STARTER
    lora: LoraPlan = field(default_factory=LoraPlan)
    settings: Mapping[str, Any] = field(default_factory=dict)
    patience: int = 6
    pairs: int | None = None
    held_out: int | None = 300
    beginnings: Mapping[str, int] = field(default_factory=dict)
    strength: float | None = None


def model_here(name: str) -> tuple[ModelRef, Path]:
    """The model called `name` and its folder. Raises Problem if it is not on this computer."""
    model = find_model(name)
    if model.folder is None:
        raise Problem(f"The model '{name}' is not on this computer.", f"Fetch it: tunedial models get {name}")
    return model, model.folder


def dpo_config(settings: Mapping[str, Any], run: Path) -> Any:
    """The DPOConfig of a run in the folder `run`: `settings` over DEFAULTS.

    Raises CallProblem naming the setting that is unknown, wrong, or not supported.
    """
    import torch
    from trl import DPOConfig

    from engine.precision import multiplies_bf16

    settings = {_RENAMED.get(name, name): value for name, value in settings.items()}
    known = {option.name for option in fields(DPOConfig)}
    if unknown := sorted(set(settings) - known):
        raise CallProblem(
            f"TRL's DPOConfig has no field '{unknown[0]}'.",
            "Its reference lists them: huggingface.co/docs/trl",
        )
    if fixed := sorted(set(settings) & set(_FIXED)):
        raise CallProblem(f"The setting '{fixed[0]}' cannot be changed.", "Leave it out.")
    values = {**DEFAULTS, **_typed(settings), **_FIXED, "output_dir": str(run)}
    values.setdefault("save_steps", values["eval_steps"])  # so that the best is among what is kept
    values.setdefault("use_cpu", not torch.cuda.is_available())
    if not values.get("fp16"):  # TRL's own default is bf16, whatever it costs
        values.setdefault("bf16", not values["use_cpu"] or multiplies_bf16())
    try:
        config = DPOConfig(**values)
    except ValueError as error:
        raise CallProblem(f"The training's settings do not fit together: {error}", "Change them.") from error
    _check(config)
    return config


def loss_weights(config: Any) -> dict[str, float]:
    """The losses of a DPOConfig by name, with their weights."""
    weights: Sequence[float] = config.loss_weights or [1.0] * len(config.loss_type)
    return dict(zip(config.loss_type, weights, strict=True))


def _typed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings given as text, as the types their fields have; a list's parts stand between commas."""
    from pydantic import TypeAdapter, ValidationError
    from trl import DPOConfig

    types = get_type_hints(DPOConfig)
    values = {}
    for name, value in settings.items():
        many = isinstance(value, str) and "list" in str(types[name])
        try:
            values[name] = TypeAdapter(types[name]).validate_python(value.split(",") if many else value)
        except ValidationError as error:
            raise CallProblem(f"'{name}' cannot be '{value}': {first_fault(error)}.", "Change it.") from error
    return values


def _check(config: Any) -> None:
    from trl import DPOConfig

    plain = {option.name: option.default for option in fields(DPOConfig)}
    for name in _UNSUPPORTED:
        if name in plain and getattr(config, name) != plain[name]:
            raise CallProblem(f"The setting '{name}' is not supported here.", "Leave it out.")
    for name in config.loss_type:
        if name not in LOSSES:
            raise CallProblem(
                f"The loss '{name}' is not supported here.", f"Choose from: {', '.join(LOSSES)}."
            )
    if "robust" in config.loss_type and not 0 <= config.label_smoothing < 0.5:
        raise CallProblem("label_smoothing must lie in [0, 0.5).", "It is the share of wrong labels.")
