"""What the checks share: the tree as a dictionary, and how results are said.

A check is a function from {path: text} to a list of violations ("path:line: why").
Its negative controls are the same tree with one planted violation each; a check
that does not go red on its plants has failed, whatever it says about the tree.
"""

import functools
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def build_dir():
    """The build to look at: first argument, as tests/run gives it."""
    return ROOT / (sys.argv[1] if len(sys.argv) > 1 else "build/dev")


def tree():
    """Every text file that is or could be committed, without what is ignored."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout.decode().split("\0")
    files = {}
    for name in sorted(set(filter(None, names))):
        path = ROOT / name
        if not path.is_file():
            continue
        try:
            files[name] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            pass
    return files


def is_c(path):
    return path.endswith((".c", ".h"))


def room_of(path):
    """gateway/care/time/zone.c -> care; None outside gateway/."""
    parts = path.split("/")
    return parts[1] if parts[0] == "gateway" and len(parts) > 2 else None


@functools.lru_cache(maxsize=None)
def without_comments(text):
    """Comments and the inside of strings blanked, lines and columns kept."""
    token = re.compile(
        r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        found = match.group()
        if found[0] in "\"'":
            return found[0] + " " * (len(found) - 2) + found[-1]
        return re.sub(r"[^\n]", " ", found)

    return token.sub(blank, text)


def matches(files, pattern, paths):
    """(path, line number, match) of a regular expression in code, not in comments."""
    compiled = re.compile(pattern)
    for path, text in files.items():
        if paths(path):
            code = without_comments(text)
            for match in compiled.finditer(code):
                yield path, code.count("\n", 0, match.start()) + 1, match


def report(name, check, plants):
    """Runs the check on the tree and on each plant: {what: {path: text}}."""
    files = tree()
    problems = check(files)
    for problem in problems:
        print(f"FAIL {name}: {problem}")
    if not problems:
        print(f"PASS {name}: {len(files)} files")
    is_red = bool(problems)
    for what, planted in plants.items():
        found = [p for p in check({**files, **planted}) if any(path in p for path in planted)]
        print(f"{'PASS' if found else 'FAIL'} {name}: {what} is "
              f"{'found' if found else 'NOT found'} when planted")
        is_red |= not found
    sys.exit(1 if is_red else 0)
