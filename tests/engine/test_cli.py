"""The root of the command line: finding commands, one-line failures, exit codes."""

import os
import signal
import subprocess
import sys
from importlib.metadata import EntryPoint

import click
import pytest

from engine import cli
from engine.cli import main
from engine.errors import CallProblem, Problem


@pytest.fixture
def plugin(monkeypatch):
    """Install `command` as the entry point `name` of another package, for the test's length."""

    def install(name: str, command: object) -> None:
        point = EntryPoint(name, f"{__name__}:unused", cli.ENTRY_POINTS)
        monkeypatch.setattr(EntryPoint, "load", lambda _: command)
        monkeypatch.setattr(cli, "entry_points", lambda group: [point] if group == cli.ENTRY_POINTS else [])

    return install


def failing(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


@pytest.mark.skipif(sys.platform != "linux", reason="only there a display may be missing")
def test_without_a_command_and_a_display_it_says_how_to_generate(capsys, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main([]) == 1
    assert "tunedial generate" in capsys.readouterr().err


def test_without_a_command_it_opens_the_app_if_there_is_one(plugin, capsys):
    plugin("app", lambda: click.echo("the window"))
    assert main([]) == 0
    assert capsys.readouterr().out == "the window\n"


def test_help_lists_every_command_with_a_line_about_it(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for name in cli.COMMANDS:
        assert any(line.split()[:1] == [name] and len(line.split()) > 2 for line in out.splitlines()), name


def test_help_names_a_plugin_without_loading_it(plugin, capsys, monkeypatch):
    plugin("train", None)
    monkeypatch.setattr(EntryPoint, "load", lambda _: pytest.fail("loaded"))
    assert main(["--help"]) == 0
    assert "tunedial train --help" in capsys.readouterr().out


def test_a_group_without_a_command_shows_its_help(capsys):
    assert main(["packs"]) == 2
    assert "tunedial packs install my-pack.zip\n" in capsys.readouterr().err


def test_a_plugin_runs_as_a_command(plugin, capsys):
    plugin("train", click.Command("train", callback=lambda: click.echo("trained")))
    assert main(["train"]) == 0
    assert capsys.readouterr().out == "trained\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["genrate", "x"], "Did you mean 'generate'? See tunedial --help.\n"),
        (["presets", "shw"], "Did you mean 'show'? See tunedial presets --help.\n"),
        (["generate", "x", "--secnds", "3"], "'--seconds'"),
        (["replay"], "TAKE"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_a_wrong_call_is_one_line_on_stderr_and_2(words, said, capsys):
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert said in err
    assert "--help" in err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (Problem("The disk is full.", "Free some space."), 1, "Error: The disk is full. Free some space.\n"),
        (CallProblem("No such knob.", "Choose one."), 2, "Error: No such knob. Choose one.\n"),
        (MemoryError(), 1, "Error: There is not enough memory."),
        (ValueError("line 1\nline 2"), 1, "(ValueError: line 1 line 2). Add --debug"),
    ],
)
def test_a_failure_is_one_line_on_stderr(error, code, said, plugin, capsys):
    plugin("train", failing(error))
    assert main(["train"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert said in err


@pytest.mark.parametrize("words", [["--debug", "train"], ["train", "--debug"]])
def test_debug_adds_the_traceback_wherever_it_stands(words, plugin, capsys):
    plugin("train", failing(ValueError("odd")))
    assert main(words) == 1
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.endswith("Add --debug to see where.\n")


def test_ctrl_c_ends_with_a_line_below_the_one_it_broke(plugin, capsys):
    plugin("train", failing(KeyboardInterrupt()))
    assert main(["train"]) == 1
    assert capsys.readouterr().err == "\nStopped.\n"


def test_sigterm_unwinds_like_ctrl_c(plugin, capsys):
    cleaned = []

    def callback() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            cleaned.append(True)

    before = signal.getsignal(signal.SIGTERM)
    plugin("train", click.Command("train", callback=callback))
    assert main(["train"]) == 1
    assert cleaned == [True]
    assert capsys.readouterr().err == "\nStopped.\n"
    assert signal.getsignal(signal.SIGTERM) is before


def test_help_imports_no_model_code():
    code = (
        "import sys; from engine.cli import main; main(['generate', '--help']);"
        "print([name for name in ('torch', 'numpy', 'rich') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr == "[]\n"
