"""The one family of failures a user can act on: what happened, and what to do."""


class Problem(Exception):
    """The work failed. `what` happened; `todo` says what the user can do about it."""

    exit_code = 1

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(f"{what} {todo}")
        self.what = what
        self.todo = todo

    def __reduce__(self) -> tuple[type["Problem"], tuple[str, str]]:
        return type(self), (self.what, self.todo)


class CallProblem(Problem):
    """The call was wrong: a value out of range, an unknown name, a file that is not there."""

    exit_code = 2
