"""Manual pages and completions come from the tables of commands and settings: all that is in those
is in these, and they are well-formed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway import CAREPACE


def run(*words):
    result = subprocess.run([CAREPACE, *words], capture_output=True, text=True, check=True)
    assert result.stderr == "", "a command complains instead of describing itself"
    return result.stdout


def commands():
    return re.findall(r"^  ([a-z-]+) +\S", run("help"), re.M)


def names_of(command):
    """pki has commands of its own."""
    text = run(command, "--help")
    inner = re.findall(r"^  ([a-z-]+) +\S", text, re.M) if command == "pki" else []
    return [f"{command} {name}" for name in inner] or [command]


def options_of(name):
    return re.findall(r"--([a-z-]+)", " ".join(re.findall(r"^ +(--[a-z-]+)", run(*name.split(),
                                                                                "--help"), re.M)))


@pytest.fixture(scope="module")
def options():
    found = {name: options_of(name) for command in commands() for name in names_of(command)}
    assert len(found) > 25 and "config" in found["run"] and "kind" in found["pki issue"]
    return found


@pytest.mark.parametrize("page", ["carepace.1", "carepace.yaml.5"])
def test_a_page_is_well_formed(page, tmp_path):
    path = tmp_path / page
    path.write_text(run("help", page))
    said = subprocess.run(["groff", "-mandoc", "-Tutf8", "-P-cbou", "-ww", path],
                          capture_output=True, text=True, check=True)
    assert said.stderr == ""
    assert "/etc/carepace/carepace.yaml" in said.stdout


def test_the_page_has_every_command_and_option(options):
    parts = re.split(r"^\.Ss ", run("help", "carepace.1"), flags=re.M)
    described = {part.split("\n", 1)[0]: part for part in parts[1:]}
    assert set(described) == set(options)
    for name, names in options.items():
        assert re.findall(r"^\.It Fl -([a-z-]+)", described[name], re.M).sort() == names.sort()
        for option in names:
            assert f"\n.It Fl -{option}" in described[name], name


def test_the_page_has_every_setting():
    page, section = run("help", "carepace.yaml.5"), None
    count = 0
    for line in run("example-config").splitlines():
        if match := re.match(r"([a-z]+):", line):
            section = match[1]
        elif match := re.match(r"  #?([a-z_]+): (.*)", line):
            count += 1
            assert f"\n.It Cm {section}.{match[1]}\n" in page
    assert count == page.count("\n.It Cm ") > 25
    assert "site.timezone\nWhere the clinic's calendar days begin and end." in page
    restart = page[page.index(".It Cm site.timezone"):]
    assert "A change needs a restart." in restart[:restart.index(".El")]
    live = page[page.index(".It Cm listener.max_connections"):]
    assert "needs a restart" not in live[:live.index(".It", 4)]


@pytest.mark.parametrize("words, expected", [
    (["carepace", "check-"], {"check-config"}),
    (["carepace", "alerts", "--al"], {"--all"}),
    (["carepace", "pki", "issue", "--ki"], {"--kind"}),
    (["carepace", "pki", "iss"], {"issue"}),
    (["carepace", "run", ""], {"--config", "--help"}),
    (["carepace", "nonsense", "--"], set()),
])
def test_bash_completes(words, expected, tmp_path):
    script = tmp_path / "carepace"
    script.write_text(run("help", "bash"))
    typed = " ".join(f"'{word}'" for word in words)
    said = subprocess.run(
        ["bash", "-euo", "pipefail", "-c",
         f"source {script}; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _carepace;"
         ' printf "%s\\n" "${COMPREPLY[@]}"'], capture_output=True, text=True, check=True)
    assert said.stderr == ""
    assert set(said.stdout.split()) == expected


def test_zsh_has_every_command_and_option(options, tmp_path):
    text = run("help", "zsh")
    for name, names in options.items():
        part = text[text.index(f"\t('{name}') _arguments"):]
        part = part[:part.index(";;")]
        assert all(re.search(rf"'--{option}=?\[", part) for option in names), name
    if shutil.which("zsh"):
        (tmp_path / "_carepace").write_text(text)
        subprocess.run(["zsh", "-n", tmp_path / "_carepace"], check=True)


def test_help_on_one_command():
    assert run("help", "status") == run("status", "--help")
    assert run("help", "pki", "issue") == run("pki", "issue", "--help")
    assert run("help", "run") == run("run", "--help")
    wrong = subprocess.run([CAREPACE, "help", "statsu"], capture_output=True, text=True)
    assert wrong.returncode == 2 and "did you mean status?" in wrong.stderr
    assert run("-v") == run("-V") == run("--version") == run("version")
    assert run("-h") == run("help")


def test_help_fits_a_screen():
    texts = [run("help"), run("pki", "--help")] + [run("help", name) for name in commands()]
    assert not [line for text in texts for line in text.splitlines() if len(line) > 80]


@pytest.mark.skipif(Path("/etc/carepace").exists(), reason="somebody has set this machine up")
@pytest.mark.parametrize("command", ["status", "alerts", "sessions", "doctor", "tail", "verify",
                                     "counts", "check-config", "run", "parked", "clients"])
def test_before_setup_one_sentence_says_what_to_do(command):
    said = subprocess.run([CAREPACE, command], capture_output=True, text=True)
    assert said.stdout == "" and said.returncode in (1, 2, 3), said
    assert said.stderr == (f"carepace {command}: this box is not set up yet: run "
                           "`sudo carepace setup` first\n")
