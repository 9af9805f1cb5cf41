"""Imports run downwards only: the layers of docs/architecture.md, held for every module by reading its source.

Add a new module's name to its layer here. A layer may import the layers below it; within a layer two modules may
not import each other both ways.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Highest first. `base` is a protocol, which adapters and the post both know, `files` finds an adapter; an adapter
# itself is known by nobody.
LAYERS: dict[str, list[set[str]]] = {
    "orders": [
        {"management", "apps", "urls", "views", "templatetags", "admin"},
        {"imports", "reconciliation", "mappings", "proposals", "queue", "overview", "savedviews", "usage"},
        {"intake"},
        {"resources"},
        {"review"},
        {"findings"},
        {"documents", "changes"},
        {"corrections", "rules"},
        {"periods", "ownership", "absence"},
        {"events", "search", "migrations"},
        {"models"},
        {"incoming", "outgoing", "money", "roles"},
        {"frozen"},
    ],
    "integrations": [
        {
            "management",
            "apps",
            "urls",
            "jobs",
            "rounds",
            "supervisor",
            "views",
            "alerts",
            "watching",
            "admin",
            "checks",
        },
        {"inbox", "outbox", "handover", "rehearsal", "stocktaking"},
        {"booking", "connections", "writeback"},
        {"shelf"},
        {"tokens"},
        {"migrations", "models"},
        {"stores.files", "accounting.files"},
        {"stores.base", "accounting.base", "formats"},
        {"registry", "http"},
        {"errors"},
    ],
}
EVERYWHERE = {"", "stores", "accounting"}  # packages that hold nothing but their sentence
ADAPTER_FOLDERS = ("stores", "accounting")
ADAPTERS_MAY_IMPORT = {
    "orders.incoming",
    "orders.outgoing",
    "orders.money",
    "integrations.http",
    "integrations.errors",
    "integrations.registry",
}
# Our own spreadsheets are declared once, by the office; the adapter that reads them back knows that declaration.
OWN_SHEETS = "integrations.stores.ordersync"
# The surface between the office and the post; the post's highest layer may use all of the office.
POST_MAY_IMPORT = {
    "changes",
    "models",
    "events",
    "incoming",
    "outgoing",
    "money",
    "intake",
    "documents",
    "imports",
    "resources",
}


def modules(package: str) -> list[str]:
    """Dotted names of every module of a package."""
    paths = sorted((ROOT / package).rglob("*.py"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]


def imports(module: str) -> Iterator[str]:
    """Dotted names of ours that a module imports, at the top or inside a function, also only for types."""
    path = ROOT.joinpath(*module.split("."))
    is_package = path.is_dir()
    file = path / "__init__.py" if is_package else path.with_suffix(".py")
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*start, *(node.module.split(".") if node.module else [])])
            yield from (_module_or_its_member(source, alias.name) for alias in node.names)


def _module_or_its_member(source: str, name: str) -> str:
    path = ROOT.joinpath(*source.split("."), name)
    return f"{source}.{name}" if path.is_dir() or path.with_suffix(".py").exists() else source


def part(module: str) -> str:
    """What the layers name: the module below its package, or stores.base, stores.files and accounting.files; `adapter` for an adapter."""
    names = module.split(".")[1:]
    if names[:1] and names[0] in ADAPTER_FOLDERS and len(names) > 1:
        return ".".join(names[:2]) if names[1] in {"base", "files"} else "adapter"
    return names[0] if names else ""


def level(module: str) -> int:
    """The layer's place counted from the top."""
    return next((n for n, layer in enumerate(LAYERS[module.split(".")[0]]) if part(module) in layer), -1)


def ours(module: str) -> Iterator[str]:
    yield from (name for name in imports(module) if name.split(".")[0] in {*LAYERS, "ordersync_site"})


EVERY_MODULE = [module for package in LAYERS for module in modules(package)]
ADAPTERS = [module for module in EVERY_MODULE if part(module) == "adapter"]
LAYERED = [module for module in EVERY_MODULE if part(module) not in {"adapter", *EVERYWHERE}]


@pytest.mark.parametrize("module", LAYERED)
def test_every_module_has_a_layer(module: str) -> None:
    assert level(module) >= 0, f"{module} has no layer yet: add {part(module)!r} to its layer in tests/test_imports.py."


@pytest.mark.parametrize("module", LAYERED)
def test_imports_run_downwards_only(module: str) -> None:
    own = [name for name in ours(module) if name.split(".")[0] == module.split(".")[0]]
    upwards = {name for name in own if part(name) not in EVERYWHERE and level(name) < level(module)}
    assert not upwards, f"{module} imports upwards: {', '.join(sorted(upwards))}."


def test_neighbours_in_a_layer_do_not_import_each_other_both_ways() -> None:
    pairs = {
        (_place(module), _place(name)) for module in LAYERED for name in ours(module) if _place(module) != _place(name)
    }
    both_ways = {pair for pair in pairs if pair[::-1] in pairs}
    assert not both_ways


def _place(module: str) -> tuple[str, str]:
    return module.split(".")[0], part(module)


@pytest.mark.parametrize("module", modules("orders"))
def test_the_office_never_imports_the_post(module: str) -> None:
    assert not [name for name in ours(module) if not name.startswith("orders")]


@pytest.mark.parametrize("module", [name for name in LAYERED if name.startswith("integrations")])
def test_the_post_meets_the_office_at_the_agreed_surface_only(module: str) -> None:
    office = {part(name) for name in ours(module) if name.split(".")[0] == "orders"} - EVERYWHERE
    allowed = POST_MAY_IMPORT if level(module) else set.union(*LAYERS["orders"])
    assert office <= allowed, f"{module} reaches past the surface: {', '.join(sorted(office - allowed))}."


def test_an_adapter_imports_nothing_of_ours_but_what_it_is_made_of() -> None:
    beyond = {
        f"{module} imports {name}"
        for module in ADAPTERS
        for name in ours(module)
        if name not in _allowed_to(module)
        and not (_home(module) == OWN_SHEETS and name.startswith("orders.resources"))
        and not name.startswith(f"{_home(module)}.")
        and name != _home(module)
    }
    assert not beyond


def _allowed_to(adapter: str) -> set[str]:
    folder = adapter.split(".")[1]
    formats = {name for name in EVERY_MODULE if part(name) == "formats"}
    shared = {name for name in EVERY_MODULE if part(name) == "accounting.files"} if folder == "accounting" else set()
    base = {name for name in EVERY_MODULE if part(name) == f"{folder}.base"}
    return ADAPTERS_MAY_IMPORT | formats | {f"integrations.{folder}"} | base | shared


def _home(adapter: str) -> str:
    """The adapter's own package or file, within which it may import freely."""
    return ".".join(adapter.split(".")[:3])


def test_the_reader_of_imports_sees_every_way_of_writing_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "money.py").touch()
    (tmp_path / "orders" / "review.py").write_text(
        "import orders.a\nfrom . import money\nfrom .b import x\nfrom orders import money as m\n"
        "def f():\n    from integrations.c import y\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    assert sorted(imports("orders.review")) == [
        "integrations.c",
        "orders.a",
        "orders.b",
        "orders.money",
        "orders.money",
    ]
