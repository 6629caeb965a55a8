"""Fixtures for the commands."""

import sys

import pytest

from em_impute.cli import door


@pytest.fixture
def call(tmp_path, monkeypatch, capfd):
    """Run em-impute within this process: its exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(door, "_prepare", lambda: None)  # the signals are pytest's

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["em-impute", *arguments])
        code = door._run(list(arguments))
        said = capfd.readouterr()
        return code, said.out, said.err

    return call
