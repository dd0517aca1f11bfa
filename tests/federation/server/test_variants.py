"""Who is rendered anew when a delegate decides on another build: all that import it, directly or not."""

from __future__ import annotations

from hanse.federation.server.stock import Held
from hanse.federation.server.supplies import Supply
from hanse.federation.server.variants import importing
from hanse.formats.server_entry import ContainerScript, ServerEntry, ServerModule
from hanse.stream.builds import Build

ROW = b'r.federation={initOptions:{remotes:[{alias:"s",name:"shop",entry:"https://shop.example/r.js"}]}}'


def held(name: str, *externals: str, script: bytes = b"") -> Held:
    """Hold a build that imports these names; one with a script is a container."""
    module = ServerModule(digest="sha384-x", size=1, externals=externals)
    entry = ServerEntry(
        schema=1,
        name=name,
        version="1.0.0",
        build="sha384-x",
        serial=1,
        format="cjs" if script else "esm",
        modules={"card.js": module},
        container=ContainerScript("card.js", name) if script else None,
    )
    supply = Supply(remote=name, kind="native", url="https://x.example/")
    return Held(supply=supply, build=Build(entry, {"card.js": script}))


def test_importers_and_theirs_are_found_whatever_they_are() -> None:
    table = {
        "team/shop": held("team/shop", "react"),
        "basket": held("basket", "team/shop/Card"),
        "checkout": held("checkout", "basket/./Total"),
        "shopping": held("shopping", "team/shopping/Card"),
        "home": held("home", "react"),
    }
    assert importing({"team/shop"}, table) == {"basket", "checkout"}
    assert importing({"home"}, table) == set()


def test_containers_say_in_their_script_whom_they_consume() -> None:
    table = {"shop": held("shop"), "pier": held("pier", script=ROW), "none": Held(supply=held("x").supply)}
    assert importing({"shop"}, table) == {"pier"}
