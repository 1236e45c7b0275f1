"""gfplab reserve: what it refuses and what it prints."""

import json

import pytest

from gfplab.cli.main import run_command_line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pool", "crypt_bz"], "--pool crypt_bz: no such pool"),
        (["--pool", "crypt_bs", "--bound", "10"], "--bound: '10' has no unit; write a time such as \"100ms\""),
        (["--pool", "crypt_bs", "-p", "neil_maks"], "there is no plugin 'neil_maks'; did you mean 'neil_mask'?"),
        (["--pool", "crypt_bs", "--chart", "x.pdf"], "--chart x.pdf: a chart is a .png or a .svg file; name it so"),
        (["--pool", "crypt_bs", "--set", "machine.cpu=x"], "--set machine.cpu: 'x' is not a choice"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(capsys, arguments, said):
    assert run_command_line(["reserve", "s1_quarter", *arguments]) == 2
    assert said in capsys.readouterr().err.splitlines()[0]


def test_a_low_above_high_is_a_usage_error(capsys):
    assert run_command_line(["reserve", "s1_quarter", "--pool", "crypt_bs", "--low", "9", "--high", "8"]) == 2
    assert "--low 9 is more than --high 8" in capsys.readouterr().err


SMALL = ["reserve", "stall_stock", "--pool", "crypt_bs", "--low", "8", "--high", "16", "--seeds", "3"]


def test_a_policy_that_stalls_whatever_the_reserve_is_exit_code_1(compiled, capsys):
    assert run_command_line([*SMALL, "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["smallest_safe"] is None and said["key"] == "crypt.swap0.bios"
    assert [size["min_nr"] for size in said["sizes"]] == [8, 16]
    assert said["said"][0] == "no reserve up to 16 keeps every stall within 100ms"


def test_a_safe_size_is_told_with_what_its_seeds_support_and_drawn(compiled, capsys, tmp_path):
    chart = tmp_path / "curve.png"
    assert run_command_line([*SMALL, "-p", "neil_mask", "--chart", str(chart)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "smallest safe reserve: 8" in said and "the smallest that was to be tried" in said
    assert "3 seeds without a longer stall than 100ms: with 0.95 confidence fewer than 63 % of all seeds" in said
    assert chart.read_bytes().startswith(b"\x89PNG")
