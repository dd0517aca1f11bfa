"""What chunks are called is worked out of every spelling that bundlers have for it, and of nothing else."""

from __future__ import annotations

import time

import pytest

from hanse.graph.lexing import go_on, parse
from hanse.stream.import_templates import apply_template, known_ids, read_template

# Function, ids with the names they give, ids that its tables know.
UNDERSTOOD = [
    ('e=>e+".js"', {"82": "82.js"}, []),
    (
        'e=>(895===e?"card":e)+"."+{82:"aa",895:"bb"}[e]+".js"',
        {"895": "card.bb.js", "82": "82.aa.js", "7": None},
        ["895", "82"],
    ),
    (
        'a=>965===a?"965.js":""+(({19:"m"})[a]||a)+"-"+({19:"x",2:"y"})[a]+".js"',
        {"965": "965.js", "19": "m-x.js", "2": "2-y.js", "3": None},
        ["965", "19", "2"],
    ),
    (
        '(chunkId) => {\n// a comment\nreturn "chunks/" + chunkId + ".js";\n}',
        {"src_Crane_js": "chunks/src_Crane_js.js"},
        [],
    ),
    (
        'function(e){if(e===44)return"a.js";if("x"===e){return "b.js"}return "c/"+e+".js"}',
        {"44": "a.js", "x": "b.js", "9": "c/9.js"},
        ["44", "x"],
    ),
    ('function(e){return"".concat(e,".").concat({1:"h"}[e],".js")}', {"1": "1.h.js", "2": None}, ["1"]),
    ("e=>`static/${e}.${{1:'h'}[e]}.js`", {"1": "static/1.h.js"}, ["1"]),
    (r'e=>"\u0061\x2f"+e+".js"', {"1": "a/1.js"}, []),
    (
        'e=>({"constructor":"c","__proto__x":"p"}[e]??e)+".js"',
        {"constructor": "c.js", "toString": "toString.js"},
        ["constructor", "__proto__x"],
    ),
]
STRANGE = [
    'e=>load(e)+".js"',
    "e=>names[e]+'.js'",
    "(a,b)=>a+'.js'",
    "()=>'a.js'",
    "e=>{for(;;);}",
    "e=>{while(1){} return e+'.js'}",
    "e=>{if(e>4)return 'a.js';return 'b.js'}",
    "e=>{if(e===1)return 'a';else return 'b.js'}",
    "e=>{}",
    "e=>{return}",
    "e=>({[f()]:'a'})[e]+'.js'",
    "e=>({...x})[e]+'.js'",
    "e=>e-1+'.js'",
    "e=>f`${e}.js`",
    "({e})=>e+'.js'",
    "async",
    "42",
]


def template_of(text: str):  # type: ignore[no-untyped-def]  # noqa: ANN201
    source = f"x.u={text}".encode()
    tree = parse(source, go_on)
    assert tree is not None
    node = tree.root_node.descendant_for_byte_range(1, 4)
    assert node is not None
    right = node.child_by_field_name("right")
    return None if right is None else read_template(source, right)


@pytest.mark.parametrize(("text", "names", "ids"), UNDERSTOOD)
def test_functions_of_bundlers_are_read(text: str, names: dict[str, str | None], ids: list[str]) -> None:
    template = template_of(text)
    assert template is not None
    assert {one: apply_template(template, one) for one in names} == names
    assert [*known_ids(template)] == ids


@pytest.mark.parametrize("text", STRANGE)
def test_nothing_else_is_understood(text: str) -> None:
    assert template_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "e=>" + "(" * 3000 + "e" + ")" * 3000 + "+'.js'",
        "e=>" + "e+" * 20_000 + "'.js'",
        "e=>" + "".join(f"{n}===e?'{n}.js':" for n in range(5000)) + "e+'.js'",
        "e=>" + "{1:" * 2000 + "'a'" + "}[e]" * 2000,
        "e=>''" + ".concat(''" * 2000 + ")" * 2000,
    ],
    ids=["brackets", "sums", "conditions", "tables", "calls"],
)
def test_depth_and_length_cost_no_more_than_reading(text: str) -> None:
    begun = time.thread_time()
    template_of(text)
    assert time.thread_time() - begun < 5
