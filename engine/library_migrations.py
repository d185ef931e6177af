"""The history of the library's tables. SQLite's user_version counts the migrations that were run.

1   takes: one row for each take folder.
2   takes.words: what a search looks through.
"""

import sqlite3

from engine.errors import Problem


def words_of(name: str, prompt: str, model: str, knobs: str) -> str:
    """What a search looks through: everything of a take that is text, without regard to case."""
    return "\n".join((name, prompt, model, knobs)).casefold()


def _takes(db: sqlite3.Connection) -> None:
    db.execute(
        """
        CREATE TABLE takes (
            name TEXT PRIMARY KEY,   -- of the folder in the takes folder
            created TEXT NOT NULL,   -- UTC, ISO 8601
            prompt TEXT NOT NULL,
            model TEXT NOT NULL,
            seed INTEGER NOT NULL,
            seconds REAL NOT NULL,
            knobs TEXT NOT NULL,     -- JSON object: metric id -> value
            partial INTEGER NOT NULL,
            choice TEXT,
            stars INTEGER,
            liked INTEGER
        ) STRICT
        """
    )
    db.execute("CREATE INDEX takes_by_time ON takes (created)")


def _words(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE takes ADD COLUMN words TEXT NOT NULL DEFAULT ''")
    rows = db.execute("SELECT name, prompt, model, knobs FROM takes").fetchall()
    db.executemany("UPDATE takes SET words = ? WHERE name = ?", [(words_of(*row), row[0]) for row in rows])


MIGRATIONS = (_takes, _words)


def migrate(db: sqlite3.Connection, file: object) -> None:
    """Bring the tables of `db` to the newest form, all or nothing. `file` names it in messages.

    The connection must be in autocommit mode. Raises Problem if a newer Tunedial made the tables.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        done = db.execute("PRAGMA user_version").fetchone()[0]
        if done > len(MIGRATIONS):
            raise Problem(
                f"{file} was made by a newer Tunedial (version {done}; this one knows {len(MIGRATIONS)}).",
                "Update Tunedial; the library was left untouched.",
            )
        for migration in MIGRATIONS[done:]:
            migration(db)
        db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
