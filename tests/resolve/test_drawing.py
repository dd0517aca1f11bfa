from __future__ import annotations

import random
import re
import time
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from hanse.resolve import Policy, Remote, resolve
from hanse.resolve.drawing import Drawing, PackageNode, RemoteNode, draw, to_dot, to_mermaid, to_svg
from hanse.resolve.drawing.layout import crossings, order_layers
from hanse.resolve.drawing.scene import lay_out
from hanse.resolve.drawing.svg import COLOURS
from tests.resolve.federations import federations, remote, shared
from tests.soak.counts import often

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "a\"<script>&'`$(x)\\N#;]|/{%}"

SHELL = remote("shell", shared("react", "18.3.1", "^18.0.0"), host=True)
SHOP = remote("shop", shared("react", "18.3.0", "^18.0.0"), shared("lodash", "4.17.21"))
CART = remote("cart", shared("react", "19.0.0"), shared("lodash", "4.17.0"))
OLD = remote("team/old", shared("react", "17.0.2", strict=False))
ALONE = remote("alone")
TOWNS = [SHELL, SHOP, CART, OLD, ALONE]


def picture(towns: list[Remote], policy: Policy | None = None) -> Drawing:
    return draw(resolve(towns, policy))


def test_the_graph_says_who_serves_whom() -> None:
    drawing = picture(TOWNS)
    assert drawing.title == "5 remotes and 2 shared packages"
    assert [node.name for node in drawing.remotes] == ["alone", "cart", "shell", "shop", "team/old"]
    assert [edge.sentence for edge in drawing.edges] == [
        "shop serves lodash 4.17.21 to cart",
        "cart gets lodash 4.17.21 of shop",
        "shell serves react 18.3.1 to shop, team/old",
        "cart keeps its own react 19.0.0",
        "shop gets react 18.3.1 of shell",
        "team/old gets react 18.3.1 of shell, which its range ^17.0.2 rejects",
    ]
    assert [edge.kind for edge in drawing.edges] == ["serves", "uses", "serves", "keeps", "uses", "strained"]


def test_torn_packages_and_several_published_versions_are_shown() -> None:
    wide = remote("wide", shared("react", "18.2.0", "^18.0.0", entries=["react", "react/client"]))
    latest = Policy.compatible(latest_shared_external=True)
    torn = [edge for edge in picture([SHOP, wide], latest).edges if edge.label == "torn"]
    assert [edge.sentence for edge in torn] == ["wide gets react 18.3.0 + 18.2.0 of shop and wide: torn"]
    tags = {"a": "1.0.0", "b": "2.0.0", "c": "1.0.0", "d": "2.0.0"}
    strict = [remote(name, shared("ui", tag, scope="strict")) for name, tag in tags.items()]
    (node,) = picture(strict).packages
    assert set(node.versions) == {"1.0.0", "2.0.0"}
    assert node.scope == "strict"


def test_an_empty_federation_can_be_drawn() -> None:
    drawing = picture([])
    assert drawing.title == "0 remotes and 0 shared packages"
    assert "Nobody shares anything." in to_svg(drawing)
    assert to_mermaid(drawing).startswith("flowchart LR\n")
    assert to_dot(drawing).endswith("}\n")


@pytest.mark.parametrize("write", [to_svg, to_mermaid, to_dot])
def test_the_manifests_order_leaves_no_trace(write: object) -> None:
    assert callable(write)
    first = write(picture(TOWNS))
    for seed in range(5):
        shuffled = random.Random(seed).sample(TOWNS, len(TOWNS))
        assert write(picture(shuffled)) == first


def test_the_image_is_accessible() -> None:
    root = ElementTree.fromstring(to_svg(picture(TOWNS), prefix="towns"))
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "towns-title towns-desc"
    named = {item.get("id"): item.text for item in root.iter() if item.get("id")}
    assert named["towns-title"] == "5 remotes and 2 shared packages"
    assert "cart keeps its own react 19.0.0." in (named["towns-desc"] or "")
    titles = [item.text for item in root.iter(f"{SVG}title")]
    assert "shop gets react 18.3.1 of shell" in titles
    assert "team/old" in titles


def test_nothing_of_the_image_needs_a_script_or_a_style_sheet() -> None:
    text = to_svg(picture(TOWNS))
    assert not re.search(r"<(style|script|foreignObject|image|a)\b|\b(style|on\w+|href)=", text)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(COLOURS[one]), luminance(COLOURS[other])), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("ink", ["ink", "quiet", "serves", "uses", "strained", "keeps"])
def test_texts_and_lines_stand_out_from_the_paper(ink: str) -> None:
    assert contrast(ink, "paper") >= 4.5


@pytest.mark.parametrize("box", ["remote", "host", "package"])
def test_labels_stand_out_from_their_boxes(box: str) -> None:
    assert contrast("ink", box) >= 7
    assert contrast(f"{box}-line", "paper") >= 3


def hostile() -> Drawing:
    drawing = picture(TOWNS)
    bad = f"{HOSTILE}\x00\x1b\ud800\u202e\nend"
    return Drawing(
        title=bad,
        remotes=tuple(RemoteNode(node.id, f"{bad}{node.id}", node.host) for node in drawing.remotes),
        packages=tuple(PackageNode(node.id, bad, bad, (bad,)) for node in drawing.packages),
        edges=tuple(type(edge)(edge.kind, edge.remote, edge.package, bad, bad) for edge in drawing.edges),
    )


def test_hostile_names_are_nothing_but_text_in_svg() -> None:
    text = to_svg(hostile(), prefix='x"><script>')
    root = ElementTree.fromstring(text.encode())
    tags = {item.tag.removeprefix(SVG) for item in root.iter()}
    assert tags == {"svg", "title", "desc", "rect", "path", "g", "text", "defs", "marker"}
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_hostile_names_are_nothing_but_text_in_mermaid() -> None:
    text = to_mermaid(hostile())
    for line in text.splitlines()[2:]:
        assert re.fullmatch(
            r'  \w+(\["[^"<>`|\[\](){}\\]*"\]|\(\["[^"<>`|\[\](){}\\]*"\]\)'
            r'| [=.>-]+\|"[^"<>`|\[\](){}\\]*"\| \w+)',
            line,
        ), line


def test_hostile_names_are_nothing_but_text_in_dot() -> None:
    for line in to_dot(hostile()).splitlines():
        outside = re.sub(r'"(?:[^"\\]|\\["\\])*"', "", line)
        assert not re.search(r'["\\<]', outside.replace("->", "")), line


def test_long_names_are_cut_and_whole_in_the_title() -> None:
    long = "x" * 300
    drawing = picture([remote(long, shared("包" * 60, "1.0.0"))])
    root = ElementTree.fromstring(to_svg(drawing))
    texts = [item.text or "" for item in root.iter(f"{SVG}text")]
    assert max(len(text) for text in texts) < 60
    assert long in [item.text for item in root.iter(f"{SVG}title")]
    assert int(root.get("width") or 0) < 1200


@settings(max_examples=often(20, soak=1000), deadline=None)
@given(federations())
def test_boxes_never_overlap_and_lines_end_at_boxes(towns: list[Remote]) -> None:
    scene = lay_out(picture(towns))
    for column in {box.x for box in scene.boxes}:
        stack = sorted((box.y, box.y + box.height) for box in scene.boxes if box.x == column)
        assert all(upper[1] < lower[0] for upper, lower in pairwise(stack))
    assert all(box.x >= 0 and box.x + box.width <= scene.width for box in scene.boxes)
    assert all(box.y >= 0 and box.y + box.height <= scene.height for box in scene.boxes)
    for line in scene.lines:
        assert any(b.x + b.width == line.x1 and b.y <= line.y1 <= b.y + b.height for b in scene.boxes)
        assert any(b.x == line.x2 and b.y <= line.y2 <= b.y + b.height for b in scene.boxes)


def test_crossings_are_counted_and_avoided() -> None:
    layers = [["a", "b", "c"], ["x", "y", "z"]]
    links = [[("a", "z"), ("b", "y"), ("c", "x")]]
    assert crossings(layers, links) == 3
    assert crossings(order_layers(layers, links), links) == 0
    shared_ends = [[("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]]
    assert crossings([["a", "b"], ["x", "y"]], shared_ends) == 1


def test_the_largest_federation_that_is_shown_is_drawn_in_no_time() -> None:
    packages = [shared(f"p{index}", "1.0.0") for index in range(50)]
    drawing = picture([remote(f"r{index}", *packages) for index in range(150)])
    started = time.process_time()
    text = to_svg(drawing)
    assert time.process_time() - started < 20  # about one second
    assert len(ElementTree.fromstring(text)) > 7000
