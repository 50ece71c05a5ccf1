"""The moves of the people on the road, each as they would make it on their screen."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.support.requirements import absent
from tests.support.road import Road, ok
from tests.support.site import Site

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"


@dataclass(frozen=True)
class Files:
    """An infrared file of MDMA with caffeine and a mass spectrum of caffeine; real ones where there are any."""

    infrared: Path
    mass: Path
    real: bool

    @classmethod
    def find(cls, shared: Path | None, site: Site) -> Files:
        """The shared real files, or the example's own."""
        if shared is not None:
            found = cls(
                shared / "ir" / "dev" / "street_jdx" / "Sd003.dx",
                shared / "instruments" / "msp" / "swgdrug_2768.MSP",
                True,
            )
            if found.infrared.exists() and found.mass.exists():
                return found
        made = site.folder / "example-files"
        return cls(made / "mdma-infrared.jdx", made / "mdma-gcms.msp", False)


def tick_consents(page: Page) -> None:
    """The person agrees to everything but being asked later."""
    page.get_by_label("Yes to all three").check()
    for name, answer in (("aggregate_data", "yes"), ("share_in_alert", "yes"), ("followup", "no")):
        page.locator(f"[name=consent_{name}][value={answer}]").check()


def describe(page: Page) -> None:
    """A powder, and all that the person has to agree to: what a sample needs before it is registered."""
    page.locator("[name=form][value=powder]").check(force=True)
    tick_consents(page)


def choose(page: Page, field: str, typed: str, wanted: str) -> None:
    """Type into a combobox and take an entry from its list."""
    page.locator(field).fill(typed)  # one question: between letters the list of the first ones would stand there
    page.get_by_role("option", name=re.compile(wanted)).first.click()


def register(page: Page, *, form: str = "crystal", colour: str = "white") -> tuple[str, str]:
    """Fill the reception form and send it: (sample number such as 007, ticket code)."""
    choose(page, "#expected", "mand", r"^MDMA")
    page.get_by_label(form.capitalize(), exact=True).check()
    page.get_by_label(colour, exact=True).check()
    tick_consents(page)
    page.get_by_role("button", name="Register sample").click()
    code = page.locator("#ticket-code").inner_text()
    number = re.search(r"\d{3}", page.locator("h1").inner_text())
    assert number is not None
    return number.group(), code


def upload(page: Page, file: Path | dict[str, object]) -> None:
    """Give the bench a file."""
    page.locator("#upload").set_input_files(file)  # type: ignore[arg-type]


def project_on(road: Road, *steps: str) -> str:
    """A research project over all of the example, taken through these steps: propose, approve."""
    people, year = ok(road.as_("admin").request("GET", "/api/v1/people")), datetime.now(UTC).year
    body = {
        "title": "What is in tablets", "purpose": "Which adulterants come together.",
        "researcher_id": next(one["id"] for one in people if "researcher" in one["roles"]),
        "columns": ["amounts", "verdict"], "first_month": "2020-01", "last_month": "2030-12",
        "starts_on": f"{year}-01-01", "ends_on": f"{year + 1}-12-31",
    }  # fmt: skip
    row = road.post("researcher", "/api/v1/projects", body)
    for step in steps:
        role = "researcher" if step == "propose" else "session_lead"
        row = road.act(role, f"/api/v1/projects/{row['id']}/{step}", row)
    return str(row["id"])


def file(name: str, content: bytes) -> dict[str, Any]:
    """A file as a browser is given it."""
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def box(found: Locator) -> dict[str, float]:
    """Where it lies in the window, in pixels."""
    place = found.bounding_box()
    assert place is not None, found
    return dict(place)


def within(found: Locator) -> bool:
    """Whether it is seen whole without scrolling."""
    at, size = box(found), found.page.viewport_size
    assert size is not None
    return 0 <= at["y"] <= size["height"] - at["height"] and at["x"] + at["width"] <= size["width"]


def plot_is_drawn(page: Page) -> None:
    """There is ink on the canvas of the first plot: more than one colour of pixel."""
    expect(page.locator(".plot__area canvas").first).to_be_visible()
    page.wait_for_function(
        """() => {
            const canvas = document.querySelector(".plot__area canvas");
            if (!canvas || !canvas.width) return false;
            const pixels = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
            return new Set(pixels).size > 20;
        }"""
    )


def ready(page: Page) -> None:
    """The page's scripts have taken hold: a key pressed now is heard."""
    page.wait_for_selector("html[data-enhanced]", state="attached")


def press(page: Page, name: str | re.Pattern[str]) -> None:
    """Press a button that sends a form, and wait for the page that answers."""
    with page.expect_navigation():
        page.get_by_role("button", name=name).click()


def answer_questions(page: Page, note: str = "") -> None:
    """Answer everything the readings of a sample ask together, with the first answer there is."""
    asked = page.locator(".bench-question.bench-before")
    for left in reversed(range(asked.count())):
        asked.first.get_by_role("radio").first.check()
        asked.first.get_by_label("Note").fill(note)
        asked.first.get_by_role("button", name="Save answer").click()
        expect(asked).to_have_count(left)  # between two pages there is none
        ready(page)


def until(condition: Callable[[], bool], page: Page, what: str, *, seconds: float = 15) -> None:
    """Wait for something outside of a page, letting the browser's events through."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        page.wait_for_timeout(20)


DRAFTS_AT = """async () => {
    if (!(await indexedDB.databases()).some((one) => one.name === "mast")) return 0;  // to open it would be to make it
    const open = indexedDB.open("mast");
    const base = await new Promise((resolve) => { open.onsuccess = () => resolve(open.result); });
    const asked = base.objectStoreNames.contains("drafts") && base.transaction("drafts").objectStore("drafts").getAll();
    const rows = asked ? await new Promise((resolve) => { asked.onsuccess = () => resolve(asked.result); }) : [];
    base.close();
    return Math.max(0, ...rows.map((one) => one.at));
}"""
PAUSE_MS = 400
"""So long after the last letter a draft is kept (drafts.js)."""


def kept(page: Page) -> None:
    """Wait until what was typed so far is kept on the device; on a busy machine it may be before this begins to wait, and nothing newer
    comes."""
    typed_at = page.evaluate("Date.now()")

    def there() -> bool:
        at, now = page.evaluate(DRAFTS_AT), page.evaluate("Date.now()")
        return bool(at > typed_at + PAUSE_MS * 0.8 or (at > typed_at - 5 * PAUSE_MS and now > typed_at + 5 * PAUSE_MS))

    until(there, page, "no draft was kept")


def axe(page: Page, *, colours: bool = True, rest: bool = True) -> list[str]:
    """What axe-core finds wrong with a page, WCAG 2.2 AA and best practice. Where a page is looked at again: only its `colours`,
    which are all that another theme changes, or only the `rest`, which is all that another width changes.

    The bars at the foot of a window are laid where they are at the end of a page: a control that lies half below them before
    anybody scrolls is not small. A part that is still fading in, or waits for an answer, has not the colours it stays with."""
    if not AXE.exists():
        absent("browser", f"no {AXE}: npm ci brings it")
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    expect(page.locator(".htmx-request")).to_have_count(0)
    found: list[dict[str, Any]] = page.evaluate(
        """async ([colours, rest]) => {
            const ends = document.getAnimations().filter((a) => a.effect.getComputedTiming().endTime < Infinity);
            await Promise.allSettled(ends.map((a) => a.finished));
            const bars = document.querySelectorAll(".actionbar, .bottom");
            for (const bar of bars) bar.style.position = "static";
            const {violations} = await axe.run(document, {
                resultTypes: ["violations"],
                runOnly: rest ? ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
                    : {type: "rule", values: ["color-contrast"]},
                rules: rest ? {"color-contrast": {enabled: colours}} : {},
            });
            for (const bar of bars) bar.style.position = "";
            return violations.map((v) => ({id: v.id, impact: v.impact, nodes: v.nodes.map((n) => n.html.slice(0, 200))}));
        }""",
        [colours, rest],
    )
    return [f"{v['id']} ({v['impact']}): {v['nodes'][:4]}" for v in found]
