"""A take on disk: a folder with base.wav, tuned.wav and recipe.json, complete or absent.

Both WAVs hold the recipe in their comment too. It does not name the clip it stands in, so the two
files of a neutral mix are the same bytes.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.audio import audio_info, encode_audio, read_audio, read_comment
from engine.errors import CallProblem, Problem
from engine.files import part_beside, write_bytes, write_problem
from engine.preferences import PREFERENCE
from engine.recipe import MAX_BYTES, Recipe, parse_recipe, recipe_json

BASE = "base.wav"
TUNED = "tuned.wav"
RECIPE = "recipe.json"


@dataclass(frozen=True, eq=False)
class Take:
    """Two clips, float32 [C, N], and how they were made. A neutral mix has one array for both."""

    base: NDArray[np.float32]
    tuned: NDArray[np.float32]
    sample_rate: int
    recipe: Recipe


@dataclass(frozen=True)
class TakeFiles:
    """Where a take lies."""

    folder: Path
    base: Path
    tuned: Path
    recipe: Path


def take_files(folder: Path) -> TakeFiles:
    """The paths of a take in `folder`, whether or not it is there."""
    return TakeFiles(folder, folder / BASE, folder / TUNED, folder / RECIPE)


def is_take(folder: Path) -> bool:
    """True if `folder` holds a complete take: all three files."""
    files = take_files(folder)
    return all(path.is_file() for path in (files.base, files.tuned, files.recipe))


def write_take(take: Take, folder: Path) -> TakeFiles:
    """Write a take into `folder`, as 24-bit WAVs; it appears only when it is complete.

    A take that is already there is replaced, and what the user thought of it forgotten; other files in
    the folder stay. Raises CallProblem if the folder is a file or has a base.wav, tuned.wav or
    recipe.json that is not part of a take, and Problem if it cannot be written (nothing is left behind
    then).
    """
    comment = recipe_json(take.recipe)
    base = encode_audio(take.base, take.sample_rate, comment=comment)
    tuned = base if take.tuned is take.base else encode_audio(take.tuned, take.sample_rate, comment=comment)
    contents = {BASE: base, TUNED: tuned, RECIPE: comment.encode()}
    folder = folder.resolve()
    _check_replaceable(folder)
    try:
        _write_complete(folder, contents)
    except OSError as error:
        raise write_problem(error, folder) from error
    return take_files(folder)


def read_take(folder: Path) -> Take:
    """The take in `folder`, its clips as float32 [C, N]. Raises Problem if it is not complete."""
    files = take_files(folder)
    if not is_take(folder):
        raise Problem(f"{folder} does not hold a complete take.", f"It needs {BASE}, {TUNED} and {RECIPE}.")
    recipe = read_recipe(folder)
    info = audio_info(files.base)
    base = read_audio(files.base, info.sample_rate, info.channels)
    neutral = recipe.job.mix.neutral
    tuned = base if neutral else read_audio(files.tuned, info.sample_rate, info.channels)
    return Take(base, tuned, info.sample_rate, recipe)


def read_recipe(path: Path) -> Recipe:
    """The recipe in a take folder, a recipe.json, or an audio file made by Tunedial.

    Raises CallProblem if there is nothing at `path`, Problem if no recipe can be read from it.
    """
    file = path / RECIPE if path.is_dir() else path
    if not file.is_file():
        raise CallProblem(
            f"{file} does not exist.", "Choose a take folder, its recipe.json or one of its WAVs."
        )
    if file.suffix == ".json":
        with file.open("rb") as stream:
            return parse_recipe(stream.read(MAX_BYTES + 1), str(file))
    comment = read_comment(file)
    if not comment:
        raise Problem(f"{file} carries no recipe.", "Choose a WAV that Tunedial made.")
    return parse_recipe(comment, str(file))


def _check_replaceable(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise CallProblem(f"{folder} is a file, not a folder.", "Choose another folder.")
    if (folder / RECIPE).exists():
        try:
            read_recipe(folder)
        except Problem as problem:
            raise CallProblem(
                f"{folder} holds a {RECIPE} that is not Tunedial's.", "Choose another folder."
            ) from problem
        return
    for name in (BASE, TUNED):
        if (folder / name).exists():
            raise CallProblem(f"{folder / name} exists and belongs to no take.", "Choose another folder.")


def _write_complete(folder: Path, contents: dict[str, bytes]) -> None:
    """Write beside, then rename: the whole folder if it is new, else file by file.

    Into a folder that exists, recipe.json goes first and comes back last, so that whoever looks in
    between finds no take rather than the halves of two.
    """
    existing = folder.is_dir()
    part = part_beside(folder / "take" if existing else folder)
    part.mkdir(parents=True)
    try:
        for name, data in contents.items():
            write_bytes(part / name, data)
        if existing:
            (folder / RECIPE).unlink(missing_ok=True)
            (folder / PREFERENCE).unlink(missing_ok=True)
            for name in contents:
                os.replace(part / name, folder / name)
        else:
            part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
