"""The scripts and styles of the pages: ours, and those that npm fetched."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from console.assets import HERE, OWN, VENDOR, missing_assets
from records.database import open_database
from tests import console_rig, databases

migrated_file = databases.migrated_file


@pytest.fixture
def database(migrated_file: Path, tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'voicebot.db')}")
    yield engine
    engine.dispose()


@pytest.fixture
def browser(database: Engine) -> FlaskClient:
    return console_rig.browser(console_rig.app(console_rig.house(database)))


@pytest.fixture
def fetched() -> None:
    if missing_assets():
        (pytest.fail if os.environ.get("REQUIRE_SERVICES") == "1" else pytest.skip)("`make assets` has not fetched what the pages need")


@pytest.mark.usefixtures("fetched")
def test_everything_that_a_page_names_is_there_and_may_be_kept_for_ever(browser: FlaskClient) -> None:
    named = re.findall(r'(?:src|href)="(/static/[^"]+)"', browser.get("/login").text)
    assert {address.split("?")[0] for address in named} >= {f"/static/vendor/{name}" for name in VENDOR} | {"/static/desk.css"}
    for address in named:
        answer = browser.get(address.replace("&amp;", "&"), buffered=True)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable"), address
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("name", "kind"), [("desk.css", "text/css"), ("icon.svg", "image/svg+xml")])
def test_what_has_changed_is_asked_for_again(browser: FlaskClient, name: str, kind: str) -> None:
    for address in (f"/static/{name}", f"/static/{name}?v=000000000000"):
        answer = browser.get(address, buffered=True)
        assert (answer.status_code, answer.mimetype, answer.headers["Cache-Control"]) == (200, kind, "no-cache")
        again = browser.get(address, headers={"If-None-Match": answer.headers["ETag"]}, buffered=True)
        assert again.status_code == 304


def test_scripts_are_served_as_scripts(browser: FlaskClient) -> None:
    """A browser that is told nosniff runs nothing else."""
    scripts = [path.name for path in OWN.glob("*.js")]
    assert scripts
    assert {browser.get(f"/static/{name}", buffered=True).mimetype for name in scripts} == {"text/javascript"}


@pytest.mark.parametrize(
    "address",
    [
        "/static/vendor/package.json",
        "/static/vendor/..%2f..%2fpackage.json",
        "/static/../door.py",
        "/static/..%2fdoor.py",
        "/static/%2e%2e/door.py",
        "/static//etc/passwd",
        "/static/nothing.js",
        "/static/",
    ],
)
def test_nothing_else_of_the_machine_is_served(browser: FlaskClient, address: str) -> None:
    answer = browser.get(address, buffered=True)
    assert answer.status_code in {404, 308}
    assert "import" not in answer.text


def test_the_packages_are_pinned_and_their_lock_names_no_host() -> None:
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    locked = json.loads((HERE / "package-lock.json").read_text())["packages"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    packages = [package for place, package in locked.items() if place]
    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert not any("resolved" in package for package in packages)
