"""What is raced: the store with a page more, and an app that has the same page all to itself."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from examples.omni.serve import APPS, HERE, run_store
from hanse.apps.build import build_app
from hanse.apps.project import open_project

__all__ = ["PATHS", "serve_stalls"]

# Where the page is, and one to go to from there.
PATHS: Mapping[str, str] = MappingProxyType({"page": "stall", "next": "shop/salt"})
PAGE = """import { Link } from 'hanse';
import CartBadge from 'checkout/CartBadge';
import ProductCard from 'shop/ProductCard';
import Title from 'home/Title';

const goods = Array.from({ length: 40 }, (_, place) => ({ id: `salt`, name: `Salt ${place}`, price: place }));

export default function Stall() {
  return (
    <>
      <title>The stall</title>
      <CartBadge />
      <main>
        <Title>The stall</Title>
        {goods.map((product, place) => <ProductCard key={place} product={product} />)}
        <Link href="/shop/salt">On</Link>
      </main>
    </>
  );
}
"""
# The app that has everything takes the place of home, and asks nobody.
ALONE = """[app]
name = "home"
url = "env:HOME_URL"
keys = ["env:HOME_KEY"]
private_key = "env:HOME_PRIVATE"
"""
REMOTE = re.compile(r"'(home|shop|checkout)/(\w+)'")


def make_federated(folder: Path) -> None:
    """Copy the store, with the page in home."""
    for app in APPS:
        copy_app(app, folder / app)
    (folder / "home/pages/stall.tsx").write_text(PAGE)
    for app in APPS:
        build_app(open_project(folder / app, None))


def make_alone(folder: Path) -> None:
    """Put the components of all three apps into one, whose imports are of its own files."""
    app = folder / "home"
    for name in APPS:
        shutil.copytree(HERE / name / "components", app / "components", dirs_exist_ok=True)
    shutil.copy(HERE / "home" / "package.json", app)
    (app / "node_modules").symlink_to(HERE / "home" / "node_modules")
    (app / "hanse.toml").write_text(ALONE)
    (app / "pages").mkdir()
    (app / "pages/stall.tsx").write_text(PAGE)
    for sources, up in ((app / "pages", "../components/"), (app / "components", "./")):
        for source in sources.glob("*.ts*"):
            source.write_text(REMOTE.sub(rf"'{up}\2'", source.read_text()))
    build_app(open_project(app, None))


def copy_app(app: str, folder: Path) -> None:
    """Copy an app of the store without what was built."""
    left_out = shutil.ignore_patterns("node_modules", "dist", ".hanse", "__pycache__")
    shutil.copytree(HERE / app, folder, ignore=left_out)
    (folder / "node_modules").symlink_to(HERE / app / "node_modules")


@contextmanager
def serve_stalls(folder: Path, ports: Mapping[str, int], alone: int) -> Iterator[Mapping[str, str]]:
    """Build and run both while the block runs; yield where each is: `federated` and `alone`."""
    make_federated(folder / "federated")
    make_alone(folder / "alone")
    others: dict[str, int] = {**ports, "home": alone}
    with (
        run_store(ports, folder=folder / "federated") as store,
        run_store(others, folder=folder / "alone", only=("home",)) as single,
    ):
        yield {"federated": store.urls["home"], "alone": single.urls["home"]}
