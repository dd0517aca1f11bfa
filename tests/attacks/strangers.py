"""What an untrusted remote might write, by what it is after, and what may be left of it in a page."""

from __future__ import annotations

import re
from typing import Final

import html5lib  # type: ignore[import-untyped]  # has no stubs

__all__ = ["HOSTILE", "check"]

HOSTILE: Final[dict[str, str]] = {
    # Scripts
    "script": "<script>hit()</script>",
    "script-src": '<script src="data:text/javascript,hit()"></script>',
    "script-case": "<ScRiPt>hit()</sCrIpT >",
    "script-slash": "<script/x>hit()</script/x>",
    "script-broken": "<scr<script>ipt>hit()</scr</script>ipt>",
    "script-unclosed": "<script>hit()",
    "script-nul": "<scr\x00ipt>hit()</scr\x00ipt>",
    "script-module": '<script type="module">hit()</script>',
    "script-import-map": '<script type="importmap">{"imports":{"react":"data:,hit()"}}</script>',
    "script-in-comment-end": "<!-- --!><script>hit()</script> -->",
    "script-in-comment-short": "<!--><script>hit()</script>-->",
    "script-in-attribute": '<p title="</p><script>hit()</script>">x</p>',
    "script-in-cdata": "<![CDATA[<script>hit()</script>]]>",
    "script-after-doctype": "<!doctype html><html><head></head><body><script>hit()</script>",
    "script-in-processing": "<?xml <script>hit()</script> ?>",
    # Handlers
    "img-onerror": "<img src=x onerror=hit()>",
    "img-onerror-slash": "<img/src=x/onerror=hit()>",
    "img-onload": '<img src="https://hostile.invalid/x.png" onload="hit()" onerror="hit()">',
    "body-onload": "<body onload=hit()>",
    "details-ontoggle": "<details open ontoggle=hit()>x</details>",
    "input-autofocus": "<input autofocus onfocus=hit()>",
    "video-onerror": "<video><source onerror=hit()></video>",
    "audio-onerror": "<audio src=x onerror=hit()></audio>",
    "marquee-onstart": "<marquee onstart=hit()>x</marquee>",
    "animation": '<p style="animation:x" onanimationstart="hit()">x</p>',
    "handler-newline": "<img src=x\nonerror\n=\nhit()>",
    "handler-uppercase": "<IMG SRC=x ONERROR=hit()>",
    "handler-unicode": "<img src=x ﻿onerror=hit()>",
    "contenteditable": "<p contenteditable onblur=hit() onfocus=hit() autofocus tabindex=1>x</p>",
    # URLs
    "a-javascript": '<a href="javascript:hit()">x</a>',
    "a-javascript-case": '<a href="JaVaScRiPt:hit()">x</a>',
    "a-javascript-tab": '<a href="java\tscript:hit()">x</a>',
    "a-javascript-newline": '<a href="java\nscript:hit()">x</a>',
    "a-javascript-space": '<a href="  javascript:hit()">x</a>',
    "a-javascript-control": '<a href="\x01javascript:hit()">x</a>',
    "a-javascript-entity": '<a href="&#106;avascript&colon;hit()">x</a>',
    "a-javascript-nul": '<a href="java\x00script:hit()">x</a>',
    "a-vbscript": '<a href="vbscript:hit()">x</a>',
    "a-data": '<a href="data:text/html,<script>hit()</script>">x</a>',
    "a-blob": '<a href="blob:https://x/1">x</a>',
    "a-protocol-relative": '<a href="//hostile.invalid">x</a>',
    "a-backslash": '<a href="/\\hostile.invalid">x</a>',
    "a-backslashes": '<a href="\\\\hostile.invalid">x</a>',
    "a-target": '<a href="https://hostile.invalid" target="_top" rel="opener">x</a>',
    "a-ping": '<a href="https://hostile.invalid" ping="/account/delete">x</a>',
    "a-download": '<a href="https://hostile.invalid/x" download="invoice.exe">x</a>',
    "img-own-site": '<img src="/account/delete">',
    "img-relative": '<img src="account/delete">',
    "img-data-svg": '<img src="data:image/svg+xml,<svg onload=hit()>">',
    "img-srcset": '<img srcset="/account/delete 1x">',
    "img-http": '<img src="http://hostile.invalid/x">',
    "img-userinfo": '<img src="https:/\\/hostile.invalid/x">',
    "blockquote-cite": '<blockquote cite="javascript:hit()">x</blockquote>',
    # Foreign content, and parsers that disagree
    "svg-onload": "<svg onload=hit()>",
    "svg-script": "<svg><script>hit()</script></svg>",
    "svg-animate": '<svg><a><animate attributeName="href" values="javascript:hit()"/>x</a></svg>',
    "svg-use": '<svg><use href="data:image/svg+xml,<svg id=x onload=hit()>#x"/></svg>',
    "svg-style": "<svg><style><img src=x onerror=hit()></style></svg>",
    "svg-desc": "<svg><desc><img src=x onerror=hit()></desc></svg>",
    "svg-foreign": "<svg><foreignObject><img src=x onerror=hit()></foreignObject></svg>",
    "svg-title-break": "<svg><title><p><style><!--</style><img src=x onerror=hit()>--></title></svg>",
    "math-href": '<math href="javascript:hit()">x</math>',
    "math-mglyph": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img onerror=hit()'>",
    "math-annotation": '<math><annotation-xml encoding="text/html"><img src=x onerror=hit()></math>',
    "noscript": '<noscript><p title="</noscript><img src=x onerror=hit()>"></noscript>',
    "noembed": "<noembed><img title='</noembed><img src=x onerror=hit()>'></noembed>",
    "textarea": "<textarea><img title='</textarea><img src=x onerror=hit()>'></textarea>",
    "title": "<title><img title='</title><img src=x onerror=hit()>'></title>",
    "xmp": "<xmp><img title='</xmp><img src=x onerror=hit()>'></xmp>",
    "iframe-text": "<iframe><img title='</iframe><img src=x onerror=hit()>'></iframe>",
    "style-text": "<style><img title='</style><img src=x onerror=hit()>'></style>",
    "plaintext": "<plaintext><img src=x onerror=hit()>",
    "select": "<select><img src=x onerror=hit()><option><script>hit()</script></select>",
    "template": "<template><script>hit()</script></template>",
    "declarative-shadow": '<div><template shadowrootmode="open"><script>hit()</script></template></div>',
    "table-foster": "<table><p><img src=x onerror=hit()></p><tr><td>x</td></tr></table>",
    "formatting": "<b><i><a href=x><b><i><a href=javascript:hit()>x</b></a></i>",
    "form-nested": "<form><math><mtext></form><form><mglyph><style></math><img src onerror=hit()>",
    "entities": "&lt;script&gt;hit()&lt;/script&gt;",
    "utf7": "+ADw-script+AD4-hit()+ADw-/script+AD4-",
    # The page around it
    "close-the-wrapper": "</div></main></body></html><script>hit()</script>",
    "close-and-frame": "</div></main><iframe srcdoc='<script>parent.hit()</script>'></iframe>",
    "open-comment": "<!-- and all that follows",
    "open-attribute": '<p title="and all that follows',
    "open-tag": "<p class",
    "open-elements": "<div><div><ul><li><table><tr><td>",
    "base": '<base href="https://hostile.invalid/">',
    "meta-refresh": '<meta http-equiv="refresh" content="0;url=javascript:hit()">',
    "meta-csp": '<meta http-equiv="content-security-policy" content="default-src *">',
    "link-stylesheet": '<link rel="stylesheet" href="https://hostile.invalid/x.css">',
    "style-element": "<style>@import url(https://hostile.invalid); body { display: none }</style>",
    "style-url": '<p style="background:url(https://hostile.invalid/x)">x</p>',
    "style-overlay": '<p style="position:fixed;inset:0;z-index:9999">x</p>',
    "frame": '<iframe src="https://hostile.invalid"></iframe>',
    "object": '<object data="javascript:hit()"></object><embed src="javascript:hit()">',
    "form": '<form action="https://hostile.invalid"><input type=password><button>Log in</button></form>',
    "form-attribute": '<button form="login" formaction="https://hostile.invalid">x</button>',
    "dialog": "<dialog open>Your session has ended</dialog>",
    "role-alert": '<p role="alertdialog">Your session has ended</p>',
    # The page's own language, and its names
    "loader": '<div data-hanse-module="shop/./Card" data-hanse-props="{}">x</div>',
    "hydrate": '<div data-hanse-hydrate="shop/./Card" data-hanse-react=\'["data:,hit()","x"]\'></div>',
    "fallback": '<div data-hanse-fallback="remote=home;reason=memory">x</div>',
    "clobber-id": '<a id="hanse"></a><a id="hanse-page">{"base":"https://hostile.invalid/"}</a>',
    "clobber-name": '<img name="hanse"><a name="loadRemoteModule"></a>',
    "clobber-class": '<p class="logged-in modal open">x</p>',
    "custom-element": "<site-menu onclick=hit()>x</site-menu>",
    "is": '<p is="site-menu">x</p>',
    "slot": '<p slot="menu">x</p>',
    "part": '<p part="menu" exportparts="x" popover popovertarget=x commandfor=x accesskey=s inert>x</p>',
    "itemprop": '<p itemscope itemtype="https://schema.example/Offer" itemprop="price">0</p>',
}

# Written down anew, so that a slip in the lists under test is one here, too, or is found.
ELEMENTS: Final = frozenset(
    """
    a abbr address article aside b bdi bdo blockquote br caption cite code col colgroup data dd
    del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr i
    img ins kbd li mark meter ol p pre progress q rp rt ruby s samp section small span strong
    sub summary sup table tbody td tfoot th thead time tr u ul var wbr
    """.split()  # noqa: SIM905 - one a line is no easier to read
)
ATTRIBUTES: Final = frozenset(
    """
    id class title lang dir role aria-label aria-labelledby aria-describedby aria-hidden
    aria-level href src alt width height span value datetime open min max low high optimum start
    reversed type colspan rowspan headers scope abbr rel loading referrerpolicy decoding
    """.split()  # noqa: SIM905 - one a line is no easier to read
)
# A fragment's own prefix, by the shape of it.
PREFIX: Final = r"h[0-9a-z]+-"
CLASSES: Final = "stranger--"


def check(html: str) -> None:
    """Check that HTML has nothing but what may be there, and that the page around it is as it was."""
    page = f"<!doctype html><body><main>{html}</main><p id=end title=t>end</p>"
    body = html5lib.parse(page, treebuilder="etree", namespaceHTMLElements=False).find("body")
    assert [one.tag for one in body] == ["main", "p"]
    assert (body[1].get("title"), body[1].text) == ("t", "end")
    for element in body[0].iter():
        if element is body[0]:
            continue
        assert element.tag in ELEMENTS
        for name, value in element.attrib.items():
            assert name in ATTRIBUTES, (element.tag, name)
            check_value(name, value)


def check_value(name: str, value: str) -> None:
    if name in {"id", "aria-labelledby", "aria-describedby", "headers"}:
        assert all(re.match(PREFIX, one) for one in value.split())
    elif name == "class":
        assert all(one.startswith(CLASSES) for one in value.split())
    elif name == "href":
        assert re.match(rf"https?://|mailto:|tel:|/(?![/\\])|#{PREFIX}", value, re.IGNORECASE), value
    elif name == "src":
        assert value.startswith("https://")
    elif name == "role":
        assert value not in {"alert", "alertdialog", "dialog", "status", "application"}
