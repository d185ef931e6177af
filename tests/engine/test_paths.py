from pathlib import Path

import platformdirs

from engine import paths


def test_the_variable_moves_everything_that_is_written(tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEDIAL_HOME", str(tmp_path / "elsewhere"))
    written = [
        paths.home(),
        paths.takes_dir(),
        paths.trash_dir(),
        paths.presets_dir(),
        paths.packs_dir(),
        paths.models_dir(),
        paths.library_file(),
    ]
    assert len(set(written)) == len(written)
    assert all(path.is_relative_to(tmp_path / "elsewhere") for path in written)


def test_without_the_variable_the_platform_decides(monkeypatch):
    monkeypatch.delenv("TUNEDIAL_HOME")
    assert paths.home() == Path(platformdirs.user_data_dir("tunedial", appauthor=False))


def test_a_tilde_in_the_variable_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("TUNEDIAL_HOME", "~/music")
    assert paths.home() == Path.home() / "music"


def test_asking_for_a_folder_does_not_make_it():
    assert not paths.takes_dir().exists()
    assert not paths.home().exists()


def test_resources_stand_beside_the_engine():
    import engine

    assert paths.resources() == Path(engine.__file__).parent.parent / "resources"
