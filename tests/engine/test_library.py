import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine import library_migrations, paths
from engine.errors import CallProblem, Problem
from engine.library import Library, open_library
from engine.preferences import PREFERENCE, Preference, read_preference
from tests.engine.takes import write_noise


@pytest.fixture
def library():
    with open_library() as opened:
        yield opened


def keep(library: Library, name: str, **take):
    return library.add(write_noise(paths.takes_dir() / name, **take))


def names(entries) -> list[str]:
    return [entry.name for entry in entries]


def test_a_take_is_kept_with_what_its_recipe_says(library):
    created = datetime(2026, 1, 2, 3, 4, 5, 6, UTC)
    entry = keep(
        library, "a", prompt="jazz, sax", knobs={"energy": 2.5}, seed=7, created=created, partial=True
    )
    assert entry == library.get("a")
    assert entry.folder == paths.takes_dir() / "a"
    assert (entry.prompt, entry.model, entry.seed, entry.created) == ("jazz, sax", "starter", 7, created)
    assert (entry.knobs, entry.seconds, entry.partial) == ({"energy": 2.5}, 0.1, True)
    assert (entry.choice, entry.stars, entry.liked) == (None, None, None)


def test_what_is_kept_is_there_after_closing():
    with open_library() as library:
        keep(library, "a")
    with open_library() as library:
        assert names(library.search()) == ["a"]


@pytest.mark.parametrize("missing", ["base.wav", "tuned.wav", "recipe.json"])
def test_only_complete_takes_are_kept(library, missing):
    folder = write_noise(paths.takes_dir() / "a")
    (folder / missing).unlink()
    with pytest.raises(Problem, match="does not hold a complete take"):
        library.add(folder)
    assert library.search() == []


def test_a_take_elsewhere_is_not_kept(library, tmp_path):
    with pytest.raises(CallProblem, match="is not in the library's folder"):
        library.add(write_noise(tmp_path / "a"))


def test_a_take_that_is_not_there_is_told(library):
    for action in (library.get, library.delete, lambda name: library.judge(name, Preference())):
        with pytest.raises(CallProblem, match="no take called 'x'"):
            action("x")


@pytest.fixture
def three(library):
    for number, (name, prompt, knobs, preference) in enumerate(
        [
            ("a", "Classic Rock, Élan 100%", {"energy": 5}, Preference(stars=5, liked=True)),
            ("b", "smooth jazz, piano", {"energy": -1, "valence": 2}, Preference(stars=2, liked=False)),
            ("c", "rock ballad, piano", {}, None),
        ]
    ):
        keep(library, name, prompt=prompt, knobs=knobs, created=datetime(2026, 1, 1 + number, tzinfo=UTC))
        if preference:
            library.judge(name, preference)
    return library


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "cba"),
        ("rock", "ca"),
        ("ROCK", "ca"),
        ("piano rock", "c"),
        ("élan", "a"),
        ("valence", "b"),
        ("100%", "a"),
        ("%", "a"),
        ("_", ""),
        ("'; DROP TABLE takes", ""),
        ("starter", "cba"),
    ],
)
def test_a_search_finds_the_takes_with_every_word(three, text, found):
    assert names(three.search(text)) == list(found)


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        ({"min_stars": 1}, "ba"),
        ({"min_stars": 3}, "a"),
        ({"liked": True}, "a"),
        ({"liked": False}, "b"),
        ({"metric": "energy"}, "ba"),
        ({"metric": "valence", "text": "rock"}, ""),
        ({"model": "starter", "min_stars": 5}, "a"),
        ({"model": "other"}, ""),
        ({"order": "oldest"}, "abc"),
        ({"order": "stars"}, "abc"),
        ({"limit": 2}, "cb"),
        ({"limit": 2, "offset": 1}, "ba"),
    ],
)
def test_a_search_is_narrowed_and_ordered(three, terms, found):
    assert names(three.search(**terms)) == list(found)


def test_a_judgement_is_kept_in_the_folder_and_in_the_index(library):
    folder = keep(library, "a").folder
    entry = library.judge("a", Preference(choice="tuned", stars=4, liked=True))
    assert (entry.choice, entry.stars, entry.liked) == ("tuned", 4, True)
    kept = read_preference(folder)
    assert (kept.choice, kept.stars, kept.liked) == ("tuned", 4, True)
    assert library.judge("a", Preference(choice="tie")).stars is None


def test_a_judgement_of_a_take_that_is_gone_makes_no_folder(library):
    entry = keep(library, "a")
    entry.folder.rename(entry.folder.with_name("elsewhere"))
    with pytest.raises(Problem, match="is gone"):
        library.judge("a", Preference(stars=1))
    assert not entry.folder.exists()


def test_a_deleted_take_goes_to_the_trash_and_comes_back_as_it_was(library):
    keep(library, "a")
    keep(library, "b b")
    before = library.judge("b b", Preference(stars=3))
    library.delete("a")
    library.delete("b b")
    assert library.search() == []
    assert list(paths.takes_dir().iterdir()) == []
    assert library.undo_delete() == [before]
    assert [entry.name for entry in library.undo_delete()] == ["a"]
    with pytest.raises(CallProblem, match="trash is empty"):
        library.undo_delete()


def test_takes_that_were_deleted_together_come_back_together(library):
    for name in ("a", "b b", "c"):
        keep(library, name)
    library.delete("c")
    assert library.last_deleted() == ["c"]
    library.delete("b b", "a")
    assert library.last_deleted() == ["a", "b b"]
    assert [entry.name for entry in library.undo_delete()] == ["a", "b b"]
    assert library.last_deleted() == ["c"]


def test_a_take_is_not_brought_back_over_a_new_one_of_its_name(library):
    keep(library, "a")
    library.delete("a")
    keep(library, "a", prompt="new")
    with pytest.raises(CallProblem, match="is there again"):
        library.undo_delete()
    assert library.get("a").prompt == "new"


def test_a_take_whose_folder_is_gone_can_be_deleted(library):
    entry = keep(library, "a")
    entry.folder.rename(paths.home() / "elsewhere")
    library.delete("a")
    assert library.search() == []


def test_emptying_the_trash_leaves_what_is_not_a_deleted_take(library):
    keep(library, "a")
    library.delete("a")
    (paths.trash_dir() / "mine").mkdir()
    assert library.empty_trash() == 1
    assert [path.name for path in paths.trash_dir().iterdir()] == ["mine"]


def test_sync_finds_what_has_no_row_and_drops_what_has_no_folder(library):
    keep(library, "gone").folder.rename(paths.home() / "elsewhere")
    keep(library, "stays")
    write_noise(paths.takes_dir() / "new")
    (paths.takes_dir() / ".new.0badcafe.part").mkdir()
    (paths.takes_dir() / "notes.txt").write_text("mine")
    (write_noise(paths.takes_dir() / "half") / "tuned.wav").unlink()
    (write_noise(paths.takes_dir() / "odd") / "recipe.json").write_text("{}")
    synced = library.sync()
    assert (synced.added, synced.dropped) == (("new",), ("gone",))
    assert [problem.what for problem in synced.unreadable] == [
        f"{paths.takes_dir() / 'odd' / 'recipe.json'} does not hold a recipe this version can read"
        " (job: Field required)."
    ]
    assert sorted(names(library.search())) == ["new", "stays"]


def test_the_library_is_made_again_from_the_folders_alone(three):
    before = three.search()
    three.close()
    paths.library_file().unlink()
    with open_library() as library:
        assert library.search() == []
        assert library.rebuild().added == ("a", "b", "c")
        assert library.search() == before


def test_a_rebuild_reads_what_changed_behind_its_back(library):
    folder = keep(library, "a").folder
    (folder / PREFERENCE).write_text('{"schema": 1, "stars": 5, "changed": "2026-01-01T00:00:00Z"}')
    write_noise(paths.takes_dir() / "gone")
    library.sync()
    (paths.takes_dir() / "gone").rename(paths.home() / "elsewhere")
    assert library.rebuild().dropped == ("gone",)
    assert library.get("a").stars == 5


def test_a_damaged_library_is_made_again(three):
    before = three.search()
    three.close()
    paths.library_file().write_bytes(b"this is no database" * 1000)
    with open_library() as library:
        assert library.search() == before


def test_a_library_that_cannot_be_opened_is_told():
    paths.library_file().mkdir(parents=True)
    with pytest.raises(Problem, match=r"library\.sqlite cannot be used"):
        open_library()


def test_two_may_use_the_library_at_once(library):
    with open_library() as other:
        keep(library, "a")
        keep(other, "b")
        assert names(library.search(order="oldest")) == names(other.search(order="oldest")) == ["a", "b"]


def test_a_library_held_by_another_is_waited_for_and_then_told(library, monkeypatch):
    folder = write_noise(paths.takes_dir() / "a")
    with closing(sqlite3.connect(paths.library_file(), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        library._db.execute("PRAGMA busy_timeout = 20")
        with pytest.raises(Problem, match="database is locked"):
            library.add(folder)
    assert library.add(folder).name == "a"


DIE_WHILE_ADDING = f"""
import os, signal, sys
from pathlib import Path
from engine import library
def die(*_):
    os.kill(os.getpid(), {int(signal.SIGKILL)})
opened = library.open_library()
insert = opened._insert
opened._insert = lambda folder: (insert(folder), die())
opened.add(Path(sys.argv[1]))
"""


def test_a_process_that_is_killed_while_adding_harms_nothing(library):
    keep(library, "a")
    folder = write_noise(paths.takes_dir() / "b")
    done = subprocess.run([sys.executable, "-c", DIE_WHILE_ADDING, str(folder)], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    assert names(library.search()) == ["a"]
    assert library.sync().added == ("b",)


# A library as migration 1 left it, with one take.
VERSION_1 = """
CREATE TABLE takes (
    name TEXT PRIMARY KEY, created TEXT NOT NULL, prompt TEXT NOT NULL, model TEXT NOT NULL,
    seed INTEGER NOT NULL, seconds REAL NOT NULL, knobs TEXT NOT NULL, partial INTEGER NOT NULL,
    choice TEXT, stars INTEGER, liked INTEGER
) STRICT;
CREATE INDEX takes_by_time ON takes (created);
INSERT INTO takes VALUES
    ('old', '2026-01-01T00:00:00.000000+00:00', 'Rock, Guitar', 'starter', 1, 10.0, '{"energy": 2.0}', 0,
     'tuned', 4, 1);
PRAGMA user_version = 1;
"""


def make_old(script: str) -> Path:
    paths.home().mkdir(exist_ok=True)
    with closing(sqlite3.connect(paths.library_file())) as db:
        db.executescript(script)
    return paths.library_file()


def test_a_library_of_version_1_keeps_its_takes_and_becomes_searchable():
    make_old(VERSION_1)
    with open_library() as library:
        (entry,) = library.search("ROCK energy starter old")
        assert (entry.seed, entry.knobs, entry.choice, entry.stars, entry.liked) == (
            1,
            {"energy": 2.0},
            "tuned",
            4,
            True,
        )


def schema_of(file: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as db:
        columns = db.execute("SELECT name, type, [notnull], pk FROM pragma_table_info('takes')").fetchall()
        version = db.execute("PRAGMA user_version").fetchall()
        return columns + version


def test_an_old_library_ends_as_a_new_one_begins(tmp_path):
    with open_library():
        new = schema_of(paths.library_file())
    paths.library_file().unlink()
    make_old(VERSION_1)
    with open_library():
        assert schema_of(paths.library_file()) == new


def test_a_migration_that_fails_leaves_the_library_as_it_was(monkeypatch):
    before = schema_of(make_old(VERSION_1))

    def fails(db):
        db.execute("DELETE FROM takes")
        raise RuntimeError("half-way")

    monkeypatch.setattr(library_migrations, "MIGRATIONS", (*library_migrations.MIGRATIONS, fails))
    with pytest.raises(RuntimeError, match="half-way"):
        open_library()
    assert schema_of(paths.library_file()) == before


def test_a_newer_library_is_refused_and_left_untouched():
    file = make_old(VERSION_1.replace("user_version = 1", "user_version = 99"))
    before = schema_of(file)
    with pytest.raises(Problem, match="newer Tunedial"):
        open_library()
    assert schema_of(file) == before
