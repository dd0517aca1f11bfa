"""JavaScript that weighs, parses and compresses as minified code does, and marks when it runs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

__all__ = ["Script", "write_script"]

# Minified code repeats the names of properties and little else. With these statements and words a file
# shrinks under gzip to a third, as the example's builds do (react-dom: 188 kB to 58 kB).
WORDS = Path(__file__).with_name("words.txt").read_text().split()
STATEMENTS = (
    "if(e.{a}!==null&&t.{b}&{n})return {f}(e,t.{c});",
    "let {v}=e.{a}??t.{b};{v}===void 0&&({v}={{{c}:t.{d},{b}:{n}}});",
    "for(let {v}=0;{v}<t.{a}.length;{v}++)e.{b}.push({f}(t.{a}[{v}],{n}));",
    "switch(t.{a}){{case {n}:e.{b}=t.{c};break;case {m}:return e.{d}({n});default:e.{b}=null}}",
    'typeof e.{a}=="function"?e.{a}(t.{b},{n}):e.{c}=t.{d};',
    'e.{a}.set("{b}-{c}",{{{d}:t.{a},{c}:n=>n.{b}*{n}}});',
    "try{{t.{a}={f}(e.{b})}}catch({v}){{e.{c}({v},{n})}}",
    "e.{a}|={n},t.{b}&=~{m},t.{c}=e.{d}>{n}?t.{a}:e.{b};",
    "while(e.{a}){{t.{b}+=e.{a}.{c};e=e.{d}}}",
    'if(!e.{a}){{throw Error("{b} {c} {d}: "+t.{a}+", "+{n})}}',
    "t.{a}=e.{b}.map({v}=>({{...{v},{c}:{v}.{d}-{n}}})).filter({v}=>{v}.{c}>{m});",
    "const {v}=new Map(e.{a});{v}.delete(t.{b}),t.{c}={v}.size;",
)
FUNCTIONS = 6000
SHORTEST = 64


@dataclass(frozen=True, slots=True)
class Script:
    """One module: what it marks when it has run, its size in bytes before compression, what it imports.

    `imports` are static, `lazy` is imported only when somebody calls its `open` export. One with an
    element to `mount` into is an exposed module.
    """

    mark: str
    size: int
    imports: tuple[str, ...] = ()
    lazy: str | None = None
    mounts: bool = False


def write_script(script: Script) -> bytes:
    """Write a module; the same script gives the same bytes."""
    head = "".join(f"import*as i{number} from{quote(name)};" for number, name in enumerate(script.imports))
    used = ",".join(f"i{number}" for number in range(len(script.imports)))
    tail = f"export const uses=()=>[{used}];"
    if script.lazy:
        tail += f"export const open=()=>import({quote(script.lazy)});"
    if script.mounts:
        tail += "export function mount(e,t){e.textContent=JSON.stringify(t)}"
    tail += f"performance.mark({quote(script.mark)});\n"
    return f"{head}{fill(script, script.size - len(head) - len(tail))}{tail}".encode()


def fill(script: Script, size: int) -> str:
    """Return functions that nobody calls, as many as weigh `size` bytes."""
    rng = random.Random(script.mark)
    chosen = rng.sample(functions(), k=min(FUNCTIONS, max(size, 0) // SHORTEST + 1))
    ends = accumulate(map(len, chosen))
    return "".join(text for text, end in zip(chosen, ends, strict=True) if end <= size)


@cache
def functions() -> tuple[str, ...]:
    """Return the stock of functions, each with a name of its own."""
    rng = random.Random("functions")
    return tuple(f"function f{number:x}(e,t){{{''.join(statements(rng))}}}" for number in range(FUNCTIONS))


def statements(rng: random.Random) -> Iterator[str]:
    """Yield the body of one function."""
    for number in range(rng.randint(1, 7)):
        a, b, c, d = rng.sample(WORDS, k=4)
        yield rng.choice(STATEMENTS).format(
            a=a,
            b=b,
            c=c,
            d=d,
            f=f"f{rng.randrange(FUNCTIONS):x}",
            m=1 << rng.randrange(12),
            n=rng.randrange(600),
            v=f"{'rsoau'[rng.randrange(5)]}{number}",
        )


def quote(text: str) -> str:
    """Write a JavaScript string of plain text."""
    return f'"{text}"'
