"""Every page in both themes, at three widths: nothing that axe minds, nothing wider than the screen."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import SLOW_MS, flaws_at_each_width


def addresses(page: Page) -> dict[str, str]:
    """One address for each kind of page, and words that are on it when it is ready."""
    projects = page.request.get("/api/projects").json()["items"]
    report = next(p for p in projects if p["sample_key"] == "report")
    check = next(p for p in projects if p["sample_key"] == "check")
    yours = next(p for p in projects if p["sample_key"] == "yours")
    source = page.request.get(f"/api/projects/{check['id']}/sources").json()["items"][0]
    table = page.request.get(f"/api/projects/{report['id']}/sources").json()["items"]
    tabled = next(s for s in table if s["tables"])
    sessions = page.request.get(f"/api/projects/{report['id']}/work-sessions").json()["items"]
    checked = page.request.get(f"/api/projects/{check['id']}/work-sessions").json()["items"][0]
    session = f"/projects/{check['id']}/work-sessions/{checked['id']}"
    review = page.request.get(f"/api{session}/checkpoints").json()["items"][0]
    return {
        f"/review/{review['id']}": "passed automatic checks",
        "/inbox": "Why it stopped",
        "/work": "Annual report",
        "/sources": "What work may rest on",
        f"/projects/{report['id']}": "The new year has arrived",
        f"/projects/{yours['id']}": "This project is yours",
        f"/projects/{yours['id']}/policy": "Nothing was ever set",
        f"/projects/{yours['id']}/agents": "Of Proofroom",
        f"/projects/{report['id']}/new?agent=check": "Check this draft",
        f"/projects/{report['id']}/new?agent=research": "Start research",
        f"/projects/{report['id']}/new?agent=reporting": "Start report",
        f"/projects/{report['id']}/sessions/{sessions[0]['id']}": "What the agent was given",
        f"/projects/{check['id']}/sources/{source['id']}": "Version 1",
        f"/projects/{report['id']}/sources/{tabled['id']}": "Version",
        "/nowhere": "There is no page here",
    }


def test_axe_finds_nothing_and_nothing_overflows(phone: Page) -> None:
    wrong: list[str] = []
    for address, words in addresses(phone).items():
        phone.goto(address)
        expect(phone.locator("#root").get_by_text(words).first).to_be_attached(timeout=SLOW_MS)
        wrong += flaws_at_each_width(phone, address)
    assert not wrong, "\n".join(wrong)
