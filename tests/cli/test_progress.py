"""A progress bar is for people at a terminal who have waited for a second."""

import io
from types import SimpleNamespace

import pytest

from gfplab.cli import progress as bars


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    screen = Terminal()
    # pytest puts its own sys.stderr back between the phases of a test
    monkeypatch.setattr(bars, "sys", SimpleNamespace(stderr=screen))
    return screen


def test_nothing_is_reported_where_there_is_no_terminal(monkeypatch):
    monkeypatch.setattr(bars, "sys", SimpleNamespace(stderr=io.StringIO()))
    with bars.progress("simulating", quiet=False) as report:
        assert report is None


def test_nothing_is_reported_to_a_program(terminal):
    with bars.progress("simulating", quiet=True) as report:
        assert report is None


def test_what_takes_less_than_a_second_shows_nothing(terminal):
    with bars.progress("simulating", quiet=False) as report:
        report(1, 10)
    assert terminal.getvalue() == ""


def test_what_takes_longer_shows_a_bar_with_its_name(terminal, monkeypatch):
    monkeypatch.setattr(bars, "PATIENCE_S", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    with bars.progress("compiling", quiet=False) as report:
        report(1, 10, "shrink_page_list [x]")
        report(10, 10, "shrink_page_list [x]")
    assert "compiling shrink_page_list [x]" in terminal.getvalue()
