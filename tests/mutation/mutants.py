"""Where the judges can be broken, and a tree that can be broken in all these places."""

import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CARE = Path("gateway/care")
FLIPS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}

TOKEN = re.compile(r"\w+|->|\+\+|--|&&|\|\||<<=|>>=|[-<>=!+*/%&|^]=|<<|>>|[^\w\s]")
# What binds less than a comparison, or as much, ends an operand.
ENDS = {*FLIPS, *"; , { } ? : && || & | ^ = += -= *= /= %= &= |= ^= <<= >>= return else".split()}
# From item to item: beyond the last one lies nothing that a test could look at.
STEP = re.compile(r"for \(.*\b[a-z] < |for \(\w+ (\w+) = [^;]*; \1 < |[a-z]-- > 0")
# The end of a table: beyond lies nothing either.
TABLE = re.compile(r"\s*CP_COUNT\(")
# Our own bugs, which stop the program.
SKIPPED = re.compile(r"\b(CP_CHECK|_Static_assert)\(")
FUNCTION = re.compile(r"^\w[^=;(\n]*?(\w+)\(", re.M)
FILTER = "if (!policy_is_off(policy, timeline->items[i].check"


@dataclass(frozen=True)
class Mutant:
    number: int
    kind: str  # check, comparison
    name: str  # the same in another version of the file
    path: Path = None
    line: int = 0
    spots: tuple = ()  # left operand's beginning, operator's, operator's end, right operand's end
    flipped: str = ""

    def __str__(self):
        return f"{self.name} (line {self.line})" if self.line else self.name


def without_text(text):
    """Of the same length: comments and directives become blanks, literals one word."""
    def hide(match):
        return re.sub(r"[^\n]", " " if match[0][0] in "/#" else "_", match[0])
    return re.sub(r'/\*.*?\*/|^#(?:\\\n|[^\n])*|"(?:\\.|[^"\\\n])*"|' r"'(?:\\.|[^'\\\n])+'",
                  hide, text, flags=re.M | re.S)


def is_end(code, token):
    """A unary & is part of its operand; the formatter leaves no blank behind it."""
    return token[0] in ENDS and (token[0] != "&" or code[token.end()].isspace())


def operand(code, tokens, at, step):
    """The index of the last token that belongs to it, from the operator at an index on."""
    deeper, back = (")]", "([") if step < 0 else ("([", ")]")
    depth = 0
    while depth or not (tokens[at + step][0] in back or is_end(code, tokens[at + step])):
        at += step
        depth += (tokens[at][0] in deeper) - (tokens[at][0] in back)
    return at


def is_even(left, right, before, then):
    """Where both are equal, either comparison is right: the lesser or greater of two is looked
    for, or they are not equal."""
    a, b = map(re.escape, (left, right))
    return (re.match(rf"\s*\?\s*(?:{a}\s*:\s*{b}|{b}\s*:\s*{a})\s*[;,)]|"
                     rf"\)\s*(?:{a} = {b}|{b} = {a});", then) or
            re.search(rf"\({a} != {b}\)\s*return $", before))


def places(path, text):
    """(name, line, spots, flipped) of each comparison."""
    code = without_text(text)
    tokens = list(TOKEN.finditer(code))
    functions = [(match.start(), match[1]) for match in FUNCTION.finditer(code)]
    for at, token in enumerate(tokens):
        line_start = code.rfind("\n", 0, token.start()) + 1
        line = code[line_start:code.find("\n", token.start())]
        statement = max(code.rfind(end, 0, token.start()) for end in ";{}")
        if (token[0] not in FLIPS or TABLE.match(code, token.end()) or
                SKIPPED.search(code, statement, token.start())):
            continue
        step = STEP.search(line)
        if step and line_start + step.start() <= token.start() < line_start + step.end():
            continue
        start = tokens[operand(code, tokens, at, -1)].start()
        end = tokens[operand(code, tokens, at, 1)].end()
        left, right = text[start:token.start()].strip(), text[token.end():end].strip()
        if token[0] not in ("==", "!=") and is_even(
                left, right, text[start - 200:start], text[end:end + 500]):
            continue
        function = [name for place, name in functions if place < start][-1:]
        compared = " ".join(text[start:end].split())
        yield (f"{path} {''.join(function)}: {compared} [{FLIPS[token[0]]}]",
               code.count("\n", 0, start) + 1, (start, *token.span(), end), FLIPS[token[0]])


def find(root):
    mutants = []
    for path in sorted((root / CARE / "checks").glob("*.c")):
        for name in re.findall(r"\.check = CHECK_(\w+)", path.read_text()):
            mutants.append(Mutant(len(mutants) + 1, "check", f"check {name}"))
    for path in sorted((root / CARE).rglob("*.[ch]")):
        names = set()
        for name, line, spots, flipped in places(path.relative_to(root / CARE),
                                                 path.read_text()):
            twins = 1
            while (unique := name if twins == 1 else f"{name} #{twins}") in names:
                twins += 1
            names.add(unique)
            mutants.append(Mutant(len(mutants) + 1, "comparison", unique, path.relative_to(root),
                                  line, spots, flipped))
    return mutants


def rewritten(text, mutants):
    inserts = [(0, '#include "care/mutant.h"\n')]
    for mutant in mutants:
        start, operator, operator_end, end = mutant.spots
        inserts += [(start, f"COMPARED({mutant.number}, "), (operator, ", "), (operator_end, ", "),
                    (end, f", {mutant.flipped})")]
    for place, what in sorted(inserts, reverse=True):
        text = text[:place] + what + text[place:]
    return text


def write(root, mutants):
    """Into a copy of the tree that find() has seen."""
    for path in sorted({mutant.path for mutant in mutants if mutant.path}):
        file = root / path
        file.write_text(rewritten(file.read_text(), [m for m in mutants if m.path == path]))

    policy = root / CARE / "policy.c"
    text = policy.read_text()
    assert FILTER in text, FILTER
    policy.write_text(text.replace(
        FILTER, "if (!mutant_removes(timeline->items[i].check) && " + FILTER[len("if ("):]))

    numbers = "".join(f"\t[CHECK_{m.name.split()[1]}] = {m.number},\n"
                      for m in mutants if m.kind == "check")
    (root / CARE / "mutant.h").write_text((HERE / "mutant.h").read_text())
    (root / CARE / "mutant.c").write_text(
        (HERE / "mutant.c").read_text().replace('"mutant.h"', '"care/mutant.h"\n'
                                                '#include "care/check.h"') +
        f"\nconst unsigned mutant_of_check[MUTANT_CHECKS] = {{\n{numbers}}};\n")
