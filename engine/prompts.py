"""Lists of prompts, one a line: those to train with, and those kept to evaluate with, which share none."""

from pathlib import Path
from typing import Literal

from engine.errors import CallProblem
from engine.job import MAX_PROMPT_CHARS
from engine.paths import resources

Use = Literal["training", "evaluation"]


def read_prompts(file: Path | None, use: Use) -> list[str]:
    """The prompts in `file`, each once, in their order; of None, those that ship for `use`.

    Empty lines and lines that begin with # do not count. Raises CallProblem if there is none, or one is
    too long.
    """
    path = file or resources() / "prompts" / f"{use}.txt"
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise CallProblem(f"{path} cannot be read as text: {error}.", "Write one prompt a line.") from error
    prompts = list(dict.fromkeys(line for line in lines if line and not line.startswith("#")))
    if not prompts:
        raise CallProblem(f"{path} holds no prompts.", "Write one a line.")
    if longest := next((prompt for prompt in prompts if len(prompt) > MAX_PROMPT_CHARS), None):
        raise CallProblem(f"A prompt in {path} is too long: '{longest[:60]}'...", "Shorten it.")
    return prompts
