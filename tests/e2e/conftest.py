from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.e2e.chromium import BROWSER, BrowserError, Chromium

_BROWSERS = pytest.StashKey[Chromium]()


@pytest.fixture
def browser(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Chromium]:
    """A browser of this test; when it fails, what its pages showed is kept beside the profile."""
    if BROWSER is None:
        pytest.skip("no Chromium on this machine")
    with Chromium(tmp_path / "profile") as running:
        request.node.stash[_BROWSERS] = running
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.failed and _BROWSERS in item.stash:
        report.sections.append(("What the browser showed", _shown(item.stash[_BROWSERS], item)))
    return report


def _shown(browser: Chromium, item: pytest.Item) -> str:
    """Texts, and where the pictures are; never another failure."""
    folder: Path = item.funcargs["tmp_path"]  # type: ignore[attr-defined]  # it is a function's
    lines = [*browser.complaints]
    lines += [f"{one.status or one.failure} {one.method} {one.url}" for one in browser.exchanges]
    for number, page in enumerate(browser.pages, start=1):
        try:
            picture = folder / f"page-{number}.png"
            picture.write_bytes(page.picture())
            lines += [str(picture), page.text]
        except BrowserError as error:
            lines.append(f"page {number}: {error}")
    return "\n".join(lines)
