"""All of what is signed can be read: tables of any width, long cells, and text that runs from right to left."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import SLOW_MS, WIDTHS, flaws, sent
from tests.browser.reviews import CLEAN, WRONG, make_check, opened
from tests.browser.test_people import make_project
from tests.browser.test_substrate import add_text

expect.set_options(timeout=SLOW_MS)

LONG_CELL = "x " * 1999 + "END OF CELL"
FIRST = "بلغ عدد المضخات 1350 مضخة في عام 2024."
SECOND = "بدأ المشروع في 3 مارس 2024."


def read(page: Page, project: str, title: str, text: str) -> None:
    """A source of a project that is read: what is checked now is compared with it."""
    add_text(page, project, title, text)
    page.goto(f"/projects/{project}/sources")
    expect(page.get_by_role("row").filter(has_text=title)).to_contain_text("passage")


@pytest.mark.parametrize("size", WIDTHS)
def test_nothing_of_a_table_is_out_of_reach(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    wide = "".join(f"| Measure number {n} " for n in range(12)) + "|"
    rule = "| --- " * 12 + "|"
    row = "".join(f"| about {n} hundred tonnes a year " for n in range(12)) + "|"
    draft = f"| a | b |\n| --- | --- |\n| {LONG_CELL} | in the second column |\n\n{wide}\n{rule}\n{row}\n"
    review = make_check(page, make_project(page, f"Tables at {size[0]}"), draft)
    opened(page, review)
    # A cell of four thousand characters takes as many lines as it needs, and the one beside it stands beside it.
    first, second = page.locator(".doc table").first, page.locator(".doc table").last
    box = page.locator(".doc .scrollx").first
    assert box.evaluate("e => e.scrollWidth - e.clientWidth") <= 1
    cell = first.locator("td").first
    assert cell.evaluate("e => e.scrollWidth - e.clientWidth") <= 1
    expect(first.locator("td").last).to_be_in_viewport()
    # A table that is too wide scrolls in its own box, by keyboard, and says so.
    box = page.locator(".doc .scrollx").last
    assert box.evaluate("e => e.scrollWidth > e.clientWidth")
    assert "gradient" in box.evaluate("e => getComputedStyle(e).backgroundImage")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box.focus()
    page.keyboard.press("End")
    for _ in range(80):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("e => e.scrollLeft + e.clientWidth > e.scrollWidth - 2", arg=box.element_handle())
    expect(second.locator("td").last).to_be_in_viewport()
    # What is said of it beside is all of what is kept, and what can be done stays in sight.
    said = page.locator(".say .w").first
    expect(said).to_contain_text("END OF CELL")
    said.focus()
    page.keyboard.press("End")
    page.wait_for_function(
        "e => e.scrollTop + e.clientHeight > e.scrollHeight - 2", arg=said.element_handle()
    )
    assert flaws(page, "a review of tables") == []


def test_text_from_right_to_left_is_read_in_its_order(page: Page) -> None:
    project = make_project(page, "من اليمين")
    read(page, project, "تقرير", f"{FIRST.replace('1350', '1250')} {SECOND}")
    table = f"| عام | عدد |\n| --- | --- |\n| في {SECOND} | مضخات |\n"
    draft = f"# مسودة عن المضخات\n\n{FIRST} {SECOND}\n\n- {SECOND}\n\n{table}"
    review = make_check(page, project, draft)
    opened(page, review)
    one, two = [
        page.locator(f".doc p .c:has-text('{words}') .s").first.bounding_box() for words in (FIRST, SECOND)
    ]
    assert one is not None
    assert two is not None
    assert one["y"] == two["y"], "both stand on one line"
    assert one["x"] > two["x"] + two["width"] - 8, "the first sentence is read first: it stands at the right"
    # The full stop ends its sentence at the left.
    ends = page.locator(f".doc p .c:has-text('{SECOND}') .s").first.evaluate(
        """(span) => {
          const node = document.createTreeWalker(span, NodeFilter.SHOW_TEXT).nextNode();
          const at = (i) => {
            const range = document.createRange();
            range.setStart(node, i);
            range.setEnd(node, i + 1);
            return range.getBoundingClientRect().left;
          };
          return [at(0), at(node.data.length - 1)];
        }"""
    )
    assert ends[1] < ends[0]
    direction = "e => getComputedStyle(e).direction"
    places = [".doc p", ".doc li", ".doc td", ".doc th", ".say .w", ".sheet p"]
    assert {place: page.locator(place).first.evaluate(direction) for place in places} == dict.fromkeys(
        places, "rtl"
    )
    page.locator(".where a").first.click()
    expect(page.locator(".reader .blk").first).to_be_visible()
    assert page.locator(".reader .blk").first.evaluate(direction) == "rtl"


def test_a_character_that_turns_the_direction_turns_its_own_sentence_alone(page: Page) -> None:
    review = make_check(
        page,
        make_project(page, "Turned"),
        "It failed \u202eon 4 May 2024. It was mended on 6 May 2024.\n\nIt was mended.",
    )
    opened(page, review)
    isolated = "e => getComputedStyle(e).unicodeBidi"
    spans = page.locator(".doc p [data-place] .s")
    assert [spans.nth(i).evaluate(isolated) for i in range(3)] == ["isolate", "isolate", "normal"]


def test_the_one_that_is_open_is_in_sight_in_the_list(page: Page) -> None:
    project = make_project(page, "In sight")
    reviews = [make_check(page, project, CLEAN) for _ in range(24)]
    page.goto(f"/inbox?project={project}")
    expect(page.locator(".irow").nth(20)).to_be_visible()
    # The list comes after the review, and so does the place in it.
    held: list[Route] = []
    lists = re.compile(r"/api/checkpoints.*[?&]around=")
    page.route(lists, lambda route: held.append(route))
    order = sent(page.request, "GET", f"/api/checkpoints?project_id={project}&limit=50")["items"]
    assert len(order) == len(reviews)
    page.goto(f"/review/{order[-2]['id']}")
    expect(page.get_by_role("article")).to_be_visible()
    for route in held:
        route.continue_()
    page.unroute(lists)
    here = page.locator(".qi[aria-current]")
    expect(here).to_be_in_viewport(ratio=1)
    list_, line = [page.locator(one).bounding_box() for one in (".qlist", ".qi[aria-current]")]
    assert list_ is not None
    assert line is not None
    assert list_["y"] <= line["y"]
    assert line["y"] + line["height"] <= list_["y"] + list_["height"]


def test_marks_and_numbers_of_hundreds_of_claims_have_room(page: Page) -> None:
    draft = "\n\n".join(f"In {1900 + n} it made {5 + 37 * n} tonnes of steel. It rose." for n in range(60))
    review = make_check(page, make_project(page, "Steel"), draft)
    opened(page, review)
    pane = page.locator(".draft").bounding_box()
    assert pane is not None
    marks = page.locator(".g .m").evaluate_all("all => all.map(mark => mark.getBoundingClientRect().left)")
    assert len(marks) == 60
    assert min(marks) >= pane["x"]
    rows = page.locator(".flags button").evaluate_all(
        """all => all.map(row => {
          const range = document.createRange();
          range.selectNodeContents(row.querySelector(".n"));
          return [range.getBoundingClientRect().right, row.lastElementChild.getBoundingClientRect().left];
        })"""
    )
    assert [row for row in rows if row[0] > row[1]] == []


@pytest.mark.parametrize("size", WIDTHS[:2])
def test_what_is_done_with_a_flag_moves_nothing_beside_it(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    project = make_project(page, f"Still at {size[0]}")
    read(page, project, "Survey", "The bridge was opened on 4 May 1998. It is 320 metres long.")
    opened(page, make_check(page, project, WRONG))
    page.keyboard.press("n")
    pane = page.get_by_role("complementary", name="Evidence")
    sheet = pane.get_by_role("group", name=re.compile("^What the source says"))
    expect(sheet.locator("mark")).to_be_visible()
    page.wait_for_load_state("networkidle")

    def places() -> list[object]:
        parts = (sheet, pane.locator(".cmp"), pane.locator(".thread"), page.locator(".doc p"))
        return [part.first.bounding_box() for part in parts]

    before = places()
    said = pane.get_by_role("status")
    page.keyboard.press("x")
    expect(page.get_by_label("Decision")).to_contain_text("Reject: why?")
    assert places() == before
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    expect(page.get_by_label("What should change in claim 2?")).to_be_focused()
    assert places() == before
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    field = page.get_by_label("Keep it: why?")
    expect(field).to_be_focused()
    assert places() == before
    field.fill("The drawing says so, and it is the newer one of the two. " * 3)
    page.keyboard.press("Enter")
    expect(said).to_contain_text("Kept by you: The drawing")
    assert places() == before
    pane.get_by_role("button", name="Take back").click()
    page.keyboard.press("e")  # the figure of the source
    expect(pane).to_contain_text("Compared again")
    expect(pane).not_to_contain_text("Comparing your words")
    assert places() == before
    page.keyboard.press("e")
    expect(said).to_contain_text("You are editing the sentence.")
    assert places() == before
    page.keyboard.press("Escape")
    # Where the focus was goes, the next Tab goes on beside the text.
    page.keyboard.press("u")
    pane.get_by_role("button", name="Take back").click()
    page.keyboard.press("r")
    field.press("Escape")
    expect(field).to_have_count(0)
    assert page.evaluate("document.activeElement.closest('.evidence') !== null")


def test_what_was_asked_for_is_in_sight_in_the_next_round(page: Page) -> None:
    project = make_project(page, "A second round")
    review = make_check(page, project, WRONG)
    at = f"/api/projects/{project}/work-sessions/{review['session_id']}/checkpoints/{review['id']}"
    asked = {"packet_digest": review["packet_digest"], "changes": [{"comment": "Say who opened it."}]}
    sent(page.request, "POST", f"{at}/request-changes", asked)
    page.goto(f"/inbox?project={project}")
    expect(page.locator(".irow")).to_have_count(1)  # it waits again, as it is
    again = sent(page.request, "GET", f"/api/checkpoints?project_id={project}")["items"][0]
    assert again["iteration"] == 2
    opened(page, again)
    asked_for = page.get_by_role("region", name="What you asked for")
    expect(asked_for).to_contain_text("Say who opened it.")
    expect(asked_for).to_be_in_viewport(ratio=1)
    sheet = page.get_by_role("group", name=re.compile("^What the source says"))
    box, below = asked_for.bounding_box(), sheet.first.bounding_box() if sheet.count() else None
    assert box is not None
    assert below is None or below["y"] > box["y"]
