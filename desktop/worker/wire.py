"""Jobs and events as plain values for a pipe between two processes of this app."""

import traceback
from typing import Any

from engine import errors
from engine.errors import Problem
from engine.events import Cancelled, Done, Event, Failed
from engine.recipe import Recipe
from engine.take import Take


class ToldProblem(Problem):
    """A problem from another process; `details` is the text of its cause."""

    def __init__(self, what: str, todo: str, details: str) -> None:
        super().__init__(what, todo)
        self.details = details


def packed(event: Event) -> Any:
    """What to send for an event: itself, unless it holds what pickle cannot take."""
    match event:
        case Done(take):
            return "done", _packed_take(take)
        case Cancelled(partial):
            return "cancelled", _packed_take(partial) if partial is not None else None
        case Failed(problem):
            return "failed", packed_problem(problem)
    return event


def unpacked(sent: Any) -> Event:
    """The event that `packed` made `sent` from."""
    match sent:
        case "done", take:
            return Done(_unpacked_take(take))
        case "cancelled", take:
            return Cancelled(_unpacked_take(take) if take is not None else None)
        case "failed", problem:
            return Failed(unpacked_problem(problem))
    event: Event = sent
    return event


def packed_problem(problem: Problem) -> tuple[str, str, str, str]:
    """Kind, what, todo, and the text of the cause."""
    cause = problem.__cause__
    details = "".join(traceback.format_exception(cause)).strip() if cause else ""
    return type(problem).__name__, problem.what, problem.todo, details


def unpacked_problem(sent: tuple[str, str, str, str]) -> Problem:
    """The problem that `packed_problem` took apart."""
    kind, what, todo, details = sent
    if details:
        return ToldProblem(what, todo, details)
    return errors.CallProblem(what, todo) if kind == "CallProblem" else Problem(what, todo)


def _packed_take(take: Take) -> tuple[Any, ...]:
    tuned = None if take.tuned is take.base else take.tuned
    return take.base, tuned, take.sample_rate, take.recipe.model_dump_json()


def _unpacked_take(sent: tuple[Any, ...]) -> Take:
    base, tuned, sample_rate, recipe = sent
    return Take(base, base if tuned is None else tuned, sample_rate, Recipe.model_validate_json(recipe))
