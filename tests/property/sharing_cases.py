"""Small random cases of sharing, in the form of the recorded ones."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

NAMES = ["shell", "shop", "home", "checkout", "App", "a-app", "zeta", "remote1", "remote2", "Zoo"]
VERSIONS = {
    "react": ["16.14.0", "17.0.2", "18.0.0", "18.2.0", "18.3.1", "19.0.0", "19.1.0-canary.3", "18"],
    "lodash": ["3.10.1", "4.16.6", "4.17.20", "4.17.21", "5.0.0-beta.1", "4.17", "latest"],
    "@acme/ui": ["1.0.0", "1.2.3", "1.10.0", "2.0.0", "2.0.0+build.7", "10.1.0", "0", "1.2"],
    "zlib0": ["0.0.3", "0.0.4", "0.1.0", "0.1.9", "0.2.0", "1.0.0", "1.0.0-rc.1", "01.2.3", "7"],
}
SCOPES: list[Any] = ["default", "alt", "rsc", "missing"]
LAYERS: list[Any] = ["rsc", "ssr", "app-pages-browser", None]
UNDEFINED = "__undefined__"


class Maker:
    """Makes one case from a seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.packages = self.random.sample(list(VERSIONS), self.random.randint(1, 3))
        # What a case is about, so that each case has a few odd things and not all of them at once.
        self.odd = set(self.random.sample(ODDITIES, self.random.randint(0, 4)))

    def chance(self, odds: float, odd: str = "") -> bool:
        return (not odd or odd in self.odd) and self.random.random() < odds

    def pick(self, among: Sequence[Any]) -> Any:
        return self.random.choice(among)

    def range_of(self, package: str) -> Any:
        version = self.pick(VERSIONS[package])
        first = version.split(".")[0]
        form = self.pick(
            ["^", "^", "~", "=", "", ">=", "<", "<=", "major", "x", "or", "hyphen", "false", "star"]
        )
        if self.chance(0.3, "undefined"):
            return UNDEFINED
        match form:
            case "major":
                return self.pick(["^", "~", ""]) + first
            case "x":
                return f"{first}.x"
            case "or":
                return f"^{version} || ^{self.pick(VERSIONS[package])}"
            case "hyphen":
                return f"{version} - {self.pick(VERSIONS[package])}"
            case "false":
                return False
            case "star":
                return "*"
        return form + version

    def settings(self, package: str) -> dict[str, Any]:
        config: dict[str, Any] = {}
        if self.chance(0.75):
            config["requiredVersion"] = self.range_of(package)
        for name in ("singleton", "strictVersion"):
            if self.chance(0.5):
                config[name] = self.chance(0.7)
        if self.chance(0.6, "layers"):
            config["layer"] = self.pick(LAYERS)
        return config

    def shaking(self) -> dict[str, Any]:
        said: dict[str, Any] = {}
        if self.chance(0.7):
            said["mode"] = self.pick(["runtime-infer", "server-calc"])
        if self.chance(0.4):
            said["status"] = self.pick([0, 1, 2])
        if self.chance(0.6):
            said["usedExports"] = self.random.sample(["a", "b", "c"], self.random.randint(1, 2))
        return said

    def scope(self) -> Any:
        return self.pick([self.pick(SCOPES), self.random.sample(SCOPES, self.random.randint(1, 3))])

    def entry(self, package: str) -> dict[str, Any]:
        made: dict[str, Any] = {"pkg": package, **self.settings(package)}
        if not self.chance(0.2, "versionless"):
            made["version"] = self.pick(VERSIONS[package][: None if "odd-versions" in self.odd else 5])
        if self.chance(0.2):
            made["eager"] = self.chance(0.8)
        made["provide"] = self.pick(["async", "async", "async", "lib", "sync", "none", "reject"])
        if made["provide"] in ("none", "reject") and "failures" not in self.odd:
            made["provide"] = "async"
        if self.chance(0.4):
            made["ticks"] = self.random.randint(1, 6)
        if self.chance(0.7, "scopes"):
            made["scope"] = self.scope()
        if self.chance(0.5, "ties"):
            made["eagerTop"] = self.chance(0.7)
        if self.chance(0.4, "ties"):
            made["strategy"] = self.strategy()
        if self.chance(0.6, "shaking"):
            made["treeShaking"] = self.shaking()
            made.pop("eager", None)
        return made

    def strategy(self) -> str:
        return str(self.pick(["version-first", "loaded-first"]))

    def shared(self, packages: Sequence[str]) -> list[dict[str, Any]]:
        return [self.entry(package) for package in packages for _ in range(self.random.randint(0, 2))]

    def remote_of(self, name: str) -> dict[str, Any]:
        made: dict[str, Any] = {"name": name}
        if self.chance(0.6, "scopes"):
            made["shareScope"] = self.scope()
        return made

    def app(self, name: str, remotes: Sequence[str]) -> dict[str, Any]:
        made: dict[str, Any] = {"name": name, "shared": self.shared(self.packages)}
        made["remotes"] = [self.remote_of(one) for one in remotes]
        if self.chance(0.6):
            made["shareStrategy"] = self.strategy()
        if self.chance(0.5, "resolve"):
            package = self.pick(self.packages)
            made["resolveShare"] = [{"pkg": package, "version": self.pick(VERSIONS[package][:5])}]
        return made

    def remote(self, name: str, others: Sequence[str]) -> dict[str, Any]:
        among = others if "circles" in self.odd else []
        made = self.app(name, self.random.sample(list(among), min(len(among), self.random.randint(0, 2))))
        if self.chance(0.6, "scopes"):
            made["shareScopeKey"] = self.scope()
        if self.chance(0.4, "broken"):
            made["entry"] = self.pick(["noinit", "missing", "initfail"])
        if self.chance(0.2, "broken"):
            made["noExpose"] = True
        return made

    def load(self, names: Sequence[str]) -> dict[str, Any]:
        package = self.pick([*self.packages, *self.packages, "react", "nothing"])
        made: dict[str, Any] = {"op": self.pick(["loadShare", "loadShare", "loadShareSync"])}
        made |= {"in": self.pick([names[0], self.pick(names)]), "pkg": package}
        if self.chance(0.6):
            made["custom"] = self.custom(package if package in VERSIONS else "react")
        if self.chance(0.5, "resolve"):
            made["resolver"] = self.pick(["first", "last"])
        if made["op"] == "loadShareSync" and self.chance(0.3):
            made["from"] = self.pick(["build", "runtime"])
        return made

    def custom(self, package: str) -> dict[str, Any]:
        made = self.settings(package)
        if self.chance(0.5, "scopes"):
            made["scope"] = self.random.sample(SCOPES, self.random.randint(1, 2))
        if self.chance(0.3):
            made["strategy"] = self.strategy()
        if self.chance(0.6, "shaking"):
            made["treeShaking"] = self.shaking()
        return made

    def op(self, host: str, remotes: Sequence[str], *, nested: bool = False) -> dict[str, Any]:
        names = [host, *remotes]
        if self.chance(0.4, "parallel") and not nested:
            return {
                "op": "parallel",
                "ops": [self.op(host, remotes, nested=True) for _ in range(self.random.randint(2, 4))],
            }
        if self.chance(0.3, "changes"):
            return self.change(host, remotes)
        if remotes and self.chance(0.35):
            return {
                "op": "loadRemote",
                "in": self.pick([host, self.pick(names)]),
                "id": f"{self.pick(names)}/x",
            }
        return self.load(names)

    def change(self, host: str, remotes: Sequence[str]) -> dict[str, Any]:
        name = self.pick([host, host, *remotes])
        if self.chance(0.4):
            return {"op": "registerShared", "in": name, "shared": self.shared([*self.packages, "react"])}
        made: dict[str, Any] = {"op": "registerRemotes", "in": name}
        made["remotes"] = [self.remote_of(self.pick([*remotes, "Zoo"]))]
        if self.chance(0.6):
            made["force"] = True
        return made

    def case(self) -> dict[str, Any]:
        host, *rest = self.random.sample(NAMES, self.random.randint(1, 4))
        known = [one for one in rest if self.chance(0.85)]
        remotes = [self.remote(one, [other for other in [host, *rest] if other != one]) for one in rest]
        return {
            "id": f"random-{self.seed}",
            "hosts": [self.app(host, known)],
            "remotes": remotes,
            "ops": [self.op(host, rest) for _ in range(self.random.randint(2, 7))],
        }


ODDITIES = [
    "broken",
    "changes",
    "circles",
    "failures",
    "layers",
    "odd-versions",
    "parallel",
    "resolve",
    "scopes",
    "shaking",
    "ties",
    "undefined",
    "versionless",
]


def make_case(seed: int) -> dict[str, Any]:
    """Make the case of a seed."""
    return Maker(seed).case()
