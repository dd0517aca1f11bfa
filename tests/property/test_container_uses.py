"""One rule told twice: what a plan says that a container gets, and what the model of the runtime hands it."""

from __future__ import annotations

from hypothesis import event, given
from hypothesis import strategies as st

from hanse.errors import ShareError
from hanse.formats.container import Container, SharedUse
from hanse.resolve import Policy
from hanse.resolve.container_uses import ContainerUse, judge_container
from hanse.resolve.containers import withheld_of
from hanse.resolve.shares import Share, Shares
from hanse.share import App, Config, Copy, Custom, Instance, Runtime, Shared, satisfy

SCOPES = ("default", "forms")
VERSIONS = ("17.0.2", "18.3.1", "19.0.0", "19.1.0", "19.2.0-rc.1")
RANGES = (None, "*", "^18.0.0", "^19.0.0", "^19.1.0", ">=17.0.0", "^19.0.0 || ^17.0.0", "17.0.2")

wishes = st.builds(
    SharedUse,
    package=st.just("react"),
    version=st.sampled_from([None, *VERSIONS]),
    required=st.sampled_from(RANGES),
    singleton=st.booleans(),
    strict=st.booleans(),
    scopes=st.lists(st.sampled_from(SCOPES), min_size=1, max_size=2, unique=True).map(tuple),
)
# Highest first, as a plan has them.
pages = st.dictionaries(
    st.sampled_from(SCOPES),
    st.lists(st.sampled_from(VERSIONS), min_size=1, max_size=3, unique=True).map(
        lambda versions: sorted(versions, key=VERSIONS.index, reverse=True)
    ),
)


def judged(page: dict[str, list[str]], wish: SharedUse) -> tuple[ContainerUse, Shares]:
    """Return what a plan says."""
    shares = {
        scope: {"react": tuple(Share("react", "https://home.example/r.js", v, "home", v) for v in versions)}
        for scope, versions in page.items()
    }
    brought = {(scope, "react"): {"shop": wish.version} for scope in wish.scopes if wish.version is not None}
    container = Container("shop", "https://shop.example/remoteEntry.js", shared=(wish,), scopes=wish.scopes)
    (found,) = judge_container(container, shares, brought, Policy.compatible(), satisfy)
    return found, shares


def open_shop(page: dict[str, list[str]], wish: SharedUse, withheld: dict[str, tuple[str, ...]]) -> Instance:
    """Start the container in the model, with the page's copies loaded in its share scopes, as pages do."""
    runtime = Runtime()
    copies = [
        Shared("react", version, singleton=True, scope=scope, provide="lib")
        for scope, versions in page.items()
        for version in versions
    ]
    home = runtime.start(App("home", shared=tuple(copies)))
    own = Shared(
        "react",
        wish.version,
        required_version=wish.required or False,
        singleton=wish.singleton,
        strict_version=wish.strict,
        scope=wish.scopes,
    )
    shop = runtime.start(App("shop", shared=() if wish.version is None else (own,), share_scope=wish.scopes))
    for scope in wish.scopes:
        home.initialize_sharing(scope)
        table = home.share_scope_map.get(scope, {})
        kept = {name: rows for name, rows in table.items() if name not in withheld.get(scope, ())}
        shop.init_share_scope_map(scope, kept)
    return shop


def handed(shop: Instance, wish: SharedUse) -> str:
    """Return what the model hands the container, in the words of a plan."""
    config = Config(
        required_version=wish.required or False, singleton=wish.singleton, strict_version=wish.strict
    )
    try:
        factory = shop.runtime.run(shop.load_share("react", custom=Custom(config, wish.scopes)))
    except ShareError:
        return "missing"
    copy = factory() if factory else None
    if not isinstance(copy, Copy):
        return "missing" if wish.version is None else f"own:{wish.version}"
    return f"{'own' if copy.provider == 'shop' else 'elected'}:{copy.version}"


@given(pages, wishes)
def test_the_plan_says_what_the_runtime_does(page: dict[str, list[str]], wish: SharedUse) -> None:
    use, shares = judged(page, wish)
    event(f"{use.action}, {use.reason.code}")
    withheld = withheld_of([use], shares).get("shop", {})
    said = "missing" if use.action == "missing" else f"{use.action}:{use.served_version}"
    shop = open_shop(page, wish, withheld)
    assert handed(shop, wish) == said
    if use.action == "elected":
        warned = [line for line in shop.runtime.log if line.level == "warn"]
        assert bool(warned) == (use.reason.code == "outside-range")


@given(pages, wishes)
def test_nothing_is_withheld_that_the_container_would_take_rightly(
    page: dict[str, list[str]], wish: SharedUse
) -> None:
    use, _ = judged(page, wish)
    got = handed(open_shop(page, wish, {}), wish)
    if use.action == "elected":
        assert got == f"elected:{use.served_version}"
    elif use.reason.code == "rejects-version":
        # Without the plan, it would fail, or keep its own.
        assert got in ("missing", f"own:{use.version}")
