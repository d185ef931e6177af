"""The library: a SQLite index over the take folders, with search and ratings.

The folders are the truth. A take is written first and indexed then; judgements are kept in the
folders (see `engine.preferences`); so whatever dies in between, `sync` or `rebuild` puts right.
"""

import json
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from engine.audio import audio_info
from engine.errors import CallProblem, Problem
from engine.library_migrations import migrate, words_of
from engine.paths import library_file, takes_dir, trash_dir
from engine.preferences import Choice, Preference, read_preference, write_preference
from engine.take import is_take, read_recipe, take_files

LOCK_WAIT_S = 10.0

Order = Literal["newest", "oldest", "stars"]
_ORDERS: Mapping[Order, str] = {
    "newest": "created DESC, name DESC",
    "oldest": "created, name",
    "stars": "stars IS NULL, stars DESC, created DESC, name DESC",
}
_TRASHED = re.compile(r"\d{20} .+")  # the time in ns when it was deleted, and its name
_COLUMNS = "name, created, prompt, model, seed, seconds, knobs, partial, choice, stars, liked"


@dataclass(frozen=True)
class Entry:
    """One take in the library. `knobs` are the turned ones; what was not judged is None."""

    name: str
    folder: Path
    created: datetime
    prompt: str
    model: str
    seed: int
    seconds: float
    knobs: Mapping[str, float]
    partial: bool
    choice: Choice | None
    stars: int | None
    liked: bool | None


@dataclass(frozen=True)
class Synced:
    """What `sync` or `rebuild` did: names now indexed, names dropped, and folders it could not read."""

    added: tuple[str, ...]
    dropped: tuple[str, ...]
    unreadable: tuple[Problem, ...]


class Library:
    """The takes on this computer. Use as a context manager; one thread at a time."""

    def __init__(self, file: Path, takes: Path, trash: Path) -> None:
        self._file, self._takes, self._trash = file, takes, trash
        self._db = _connect(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def add(self, folder: Path) -> Entry:
        """Index the complete take in `folder`, which lies in the takes folder; again if it is indexed.

        Raises CallProblem if it lies elsewhere, Problem if it is not complete or cannot be read.
        """
        if folder.resolve().parent != self._takes.resolve():
            raise CallProblem(f"{folder} is not in the library's folder.", f"Move it into {self._takes}.")
        if not is_take(folder):
            raise Problem(f"{folder} does not hold a complete take.", "Generate it again.")
        with self._transaction():
            self._insert(folder)
        return self.get(folder.name)

    def get(self, name: str) -> Entry:
        """The take in the folder `name`. Raises CallProblem if it is not in the library."""
        with self._told():
            row = self._db.execute(f"SELECT {_COLUMNS} FROM takes WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise CallProblem(f"The library has no take called '{name}'.", "It may have been deleted.")
        return self._entry(row)

    def search(
        self,
        text: str = "",
        *,
        min_stars: int = 0,
        liked: bool | None = None,
        metric: str | None = None,
        model: str | None = None,
        order: Order = "newest",
        limit: int = -1,
        offset: int = 0,
    ) -> list[Entry]:
        """The takes that have every word of `text` in their prompt, name, model or turned metrics.

        `min_stars` above 0, `liked`, `metric` (its knob is turned) and `model` narrow it further;
        `limit` -1 is all.
        """
        terms: list[tuple[str, object]] = [("instr(words, ?)", word) for word in text.casefold().split()]
        if min_stars > 0:
            terms.append(("stars >= ?", min_stars))
        if liked is not None:
            terms.append(("liked = ?", int(liked)))
        if metric is not None:
            terms.append(("EXISTS (SELECT 1 FROM json_each(knobs) WHERE key = ?)", metric))
        if model is not None:
            terms.append(("model = ?", model))
        where = " AND ".join(term for term, _ in terms) or "TRUE"
        query = f"SELECT {_COLUMNS} FROM takes WHERE {where} ORDER BY {_ORDERS[order]} LIMIT ? OFFSET ?"
        with self._told():
            rows = self._db.execute(query, [*(value for _, value in terms), limit, offset]).fetchall()
        return [self._entry(row) for row in rows]

    def judge(self, name: str, preference: Preference) -> Entry:
        """Keep the user's judgement of a take, in place of an earlier one.

        Raises CallProblem if it is not in the library, Problem if it cannot be written.
        """
        folder = self.get(name).folder
        if not is_take(folder):
            raise Problem(f"{folder} is gone or not complete.", "The library will drop it when it starts.")
        write_preference(folder, preference)
        return self.add(folder)

    def delete(self, *names: str) -> None:
        """Move takes' folders to the trash, from which `undo_delete` brings them back together.

        Raises CallProblem if one is not in the library, Problem if it cannot be moved.
        """
        when = f"{time.time_ns():020d}"
        for name in names:
            folder = self.get(name).folder
            if folder.exists():
                self._move(folder, self._trash / f"{when} {name}")
            with self._transaction():
                self._db.execute("DELETE FROM takes WHERE name = ?", (name,))

    def last_deleted(self) -> list[str]:
        """The names of the takes in the trash that were deleted last; none if it is empty."""
        deleted = [folder.name.split(" ", 1) for folder in self._trashed()]
        return [name for when, name in deleted if when == deleted[-1][0]]

    def undo_delete(self) -> list[Entry]:
        """Bring the takes that were deleted last back.

        Raises CallProblem if the trash is empty or a take of such a name has come in between.
        """
        names = self.last_deleted()
        if not names:
            raise CallProblem("The trash is empty.", "There is nothing to bring back.")
        for name in names:
            if (self._takes / name).exists():
                raise CallProblem(f"{self._takes / name} is there again.", "Rename it first.")
        back = []
        for name, trashed in zip(names, self._trashed()[-len(names) :], strict=True):
            self._move(trashed, self._takes / name)
            back.append(self.add(self._takes / name))
        return back

    def empty_trash(self) -> int:
        """Delete for good what is in the trash; return how many takes that was."""
        deleted = self._trashed()
        try:
            for folder in deleted:
                shutil.rmtree(folder)
        except OSError as error:
            raise Problem(f"The trash was not emptied: {error}.", f"Remove {self._trash} by hand.") from error
        return len(deleted)

    def sync(self) -> Synced:
        """Index the takes that are not yet, and drop those whose folder is gone. Quick; run at start."""
        with self._transaction():
            return self._sync()

    def rebuild(self) -> Synced:
        """Make the whole index again from the folders."""
        with self._transaction():
            before = {name for (name,) in self._db.execute("SELECT name FROM takes")}
            self._db.execute("DELETE FROM takes")
            synced = self._sync()
        return Synced(synced.added, tuple(sorted(before - set(synced.added))), synced.unreadable)

    def _sync(self) -> Synced:
        folders = self._takes.iterdir() if self._takes.is_dir() else ()
        there = {folder.name for folder in folders if folder.name[0] != "." and is_take(folder)}
        known = {name for (name,) in self._db.execute("SELECT name FROM takes")}
        dropped = sorted(known - there)
        self._db.executemany("DELETE FROM takes WHERE name = ?", [(name,) for name in dropped])
        added, unreadable = [], []
        for name in sorted(there - known):
            try:
                self._insert(self._takes / name)
                added.append(name)
            except Problem as problem:
                unreadable.append(problem)
        return Synced(tuple(added), tuple(dropped), tuple(unreadable))

    def _insert(self, folder: Path) -> None:
        recipe = read_recipe(folder)
        preference = read_preference(folder)
        seconds = audio_info(take_files(folder).base).seconds
        job = recipe.job
        knobs = json.dumps(dict(job.mix.knobs))
        row = {
            "name": folder.name,
            "created": recipe.created.astimezone(UTC).isoformat(timespec="microseconds"),
            "prompt": job.prompt,
            "model": recipe.model.id,
            "seed": job.seed,
            "seconds": seconds,
            "knobs": knobs,
            "partial": int(recipe.partial),
            "choice": preference and preference.choice,
            "stars": preference and preference.stars,
            "liked": preference and preference.liked,
            "words": words_of(folder.name, job.prompt, recipe.model.id, knobs),
        }
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        self._db.execute(f"INSERT OR REPLACE INTO takes ({names}) VALUES ({values})", row)

    def _entry(self, row: sqlite3.Row) -> Entry:
        return Entry(
            name=row["name"],
            folder=self._takes / row["name"],
            created=datetime.fromisoformat(row["created"]),
            prompt=row["prompt"],
            model=row["model"],
            seed=row["seed"],
            seconds=row["seconds"],
            knobs=json.loads(row["knobs"]),
            partial=bool(row["partial"]),
            choice=row["choice"],
            stars=row["stars"],
            liked=None if row["liked"] is None else bool(row["liked"]),
        )

    def _trashed(self) -> list[Path]:
        found = self._trash.iterdir() if self._trash.is_dir() else ()
        return sorted(folder for folder in found if _TRASHED.fullmatch(folder.name))

    def _move(self, folder: Path, to: Path) -> None:
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(to)
        except OSError as error:
            raise Problem(
                f"{folder} was not moved to {to}: {error.strerror}.", "Check that both may be written to."
            ) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _problem(self._file, error) from error


def open_library() -> Library:
    """The user's library. Makes it if there is none; makes it again from the folders if it is damaged.

    Raises Problem if it cannot be opened or a newer Tunedial made it.
    """
    file, takes, trash = library_file(), takes_dir(), trash_dir()
    try:
        return Library(file, takes, trash)
    except _Damaged:
        for part in ("", "-wal", "-shm"):
            file.with_name(file.name + part).unlink(missing_ok=True)
        library = Library(file, takes, trash)
        library.rebuild()
        return library


class _Damaged(Problem):
    """The file is not a database any more."""


def _connect(file: Path) -> sqlite3.Connection:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(file, timeout=LOCK_WAIT_S, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise _problem(file, error) from error
    db.row_factory = sqlite3.Row
    try:
        db.execute("PRAGMA journal_mode = WAL")
        migrate(db, file)
    except sqlite3.Error as error:
        db.close()
        raise _problem(file, error) from error
    except BaseException:
        db.close()
        raise
    return db


def _problem(file: Path, error: Exception) -> Problem:
    damaged = getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    kind = _Damaged if damaged else Problem
    todo = "Delete it; it is made again from the takes." if damaged else "Check the disk and try again."
    return kind(f"The library {file} cannot be used: {error}.", todo)
