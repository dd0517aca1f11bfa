"""Random versions and ranges, mostly such that no two readers of ranges agree about them."""

from __future__ import annotations

from random import Random

PIECES = [
    "0",
    "1",
    "2",
    "3",
    "10",
    "x",
    "X",
    "*",
    ".",
    ".",
    ".",
    "-",
    "-",
    " ",
    " - ",
    "^",
    "~",
    "~>",
    ">",
    ">=",
    "<",
    "<=",
    "=",
    "v",
    "alpha",
    "beta.1",
    "rc",
    "+b",
    "1.2.3",
    "0.0.0",
    "0.1.2",
    "1.2",
    "1.0.0-rc.1",
    "-0",
    "1e5",
    "0x1",
    "Infinity",
    "9007199254740993",
    "999999999999999999999",
    "\xa0",
    "\ufeff",
    "a",
    "_",
    "1.x",
    "1.2.x",
    ">=0.0.0",
    "  ",
    "00",
    "-1",
    "||",
]
VERSIONS = [
    "1.2.3",
    "0.0.0",
    "0.0.1",
    "0.1.2",
    "1.0.0",
    "1.0.0-rc.1",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-0",
    "2.0.0",
    "10.1.0",
    "1.2.3+b",
    "v1.2.3",
    "=1.2.3",
    " 1.2.3",
    ">1.2.3",
    "1.2",
    "x",
    "1.2.3-1e5",
    "1.2.3-0x10",
    "1.2.3--5",
    "1.2.3-Infinity",
    "9007199254740992.0.0",
    "9007199254740993.0.0",
    "1.2.3-00a",
    "1.2.3-0",
    "3.0.0",
]
OPERATORS = ["", "^", "~", "~>", ">", "<", ">=", "<=", "=", ">= ", "< ", "^ ", "~ ", "~> ", "=="]
PARTIALS = [
    "1",
    "0",
    "1.2",
    "0.0",
    "1.2.3",
    "0.0.0",
    "0.0.3",
    "1.x",
    "*",
    "x",
    "1.*",
    "1.2.x-rc",
    "1.0.0-rc.1",
    "1.0.0-alpha",
    "v1",
    "v1.2.3",
    "=1",
    "1.2.3-alpha+b",
    "9007199254740993",
    "999999999999999999999.1",
]
ENDS = [*VERSIONS, "1", "0", "x", "1.x", "*"]


def make_pair(seed: int) -> tuple[str, str]:
    """Make the version and the range of a seed."""
    random = Random(seed)
    version = random.choice(VERSIONS)
    if random.random() < 0.25:
        version = "".join(random.choices(PIECES, k=random.randint(1, 6)))
    match random.choice(["pieces", "words", "hyphen"]):
        case "pieces":
            text = "".join(random.choices(PIECES, k=random.randint(1, 7)))
        case "words":
            count = random.randint(1, 3)
            text = " ".join(random.choice(OPERATORS) + random.choice(PARTIALS) for _ in range(count))
        case _:
            text = random.choice(ENDS) + random.choice([" - ", " -  ", "-", " -"]) + random.choice(ENDS)
    return version, text + (f" || {random.choice(VERSIONS)}" if random.random() < 0.2 else "")
