"""Pages of a PDF as pictures: drawn in a process of their own, with the words marked where they stand."""

import asyncio
import io
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from proofroom.domain.errors import InvalidInput, Unavailable
from proofroom.services import source_pages
from proofroom.substrate import isolation
from proofroom.substrate.extracted import Limits
from proofroom.substrate.isolation import COMMAND, MOST_DRAWN, Drawer, ParserPool
from proofroom.substrate.parsers.pdf_picture import HEIGHT, MARK, WIDTH, draw
from tests.unit.substrate.pdfs import paragraph, pdf

TWICE = pdf(
    [
        paragraph("It is 312 metres long, said the city.", 760),
        [
            *paragraph("It is 312 metres long.", 760),
            *paragraph("We say it again: it is 312 metres long.", 100),
        ],
    ]
)


@pytest.fixture(scope="module")
def pool() -> Iterator[ParserPool]:
    made = ParserPool(1)
    yield made
    made.close()


def marked(png: bytes) -> tuple[int, int, int, int] | None:
    """The box of marked pixels, as shares of 1,000 of the picture."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    assert picture.width <= WIDTH
    assert picture.height <= HEIGHT
    red, _, blue = picture.split()
    box = (
        ImageChops.subtract(red, blue)
        .point([255 if n > (MARK[0] - MARK[2]) // 2 else 0 for n in range(256)])
        .getbbox()
    )
    if box is None:
        return None
    a, b, c, d = box
    width, height = picture.size
    return a * 1000 // width, b * 1000 // height, c * 1000 // width, d * 1000 // height


def test_words_are_marked_whatever_stands_between_them(pool: ParserPool) -> None:
    box = marked(pool.picture(TWICE, 1, "312\n metres  long", 0.0, Limits()))
    assert box is not None
    left, top, right, bottom = box
    assert 120 < left < right < 420
    assert 70 < top < bottom < 120


@pytest.mark.parametrize(("share", "low"), [(0.0, False), (1.0, True)])
def test_words_that_stand_twice_are_marked_where_they_are_meant(share: float, low: bool) -> None:
    box = marked(draw(TWICE, 2, "it is 312 metres long", share))
    assert box is not None
    assert (box[1] > 500) is low


@pytest.mark.parametrize("quote", ["", "…", "nobody said so"])
def test_what_is_not_found_leaves_the_page_unmarked(quote: str) -> None:
    assert marked(draw(TWICE, 1, quote, 0.5)) is None


@pytest.mark.parametrize(("data", "page"), [(TWICE, 3), (b"%PDF-1.4 nothing", 1), (b"", 1)])
def test_what_cannot_be_drawn_says_so(pool: ParserPool, data: bytes, page: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        pool.picture(data, page, "", 0.0, Limits())
    assert refused.value.code == "unreadable_file"
    assert marked(pool.picture(TWICE, 1, "312", 0.0, Limits())) is not None  # the process goes on


async def test_pages_that_take_long_hold_up_pages_only_and_not_without_end(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    wait = f"until [ -e {shlex.quote(str(gate))} ]; do sleep 0.02; done; exec {shlex.join(COMMAND)}"
    drawer = Drawer(ParserPool(1, ("sh", "-c", wait)))
    try:
        asked = [
            asyncio.create_task(drawer.draw(TWICE, 1, "", 0.0, Limits(wall_seconds=60)))
            for _ in range(MOST_DRAWN)
        ]
        await asyncio.sleep(0)  # they ask
        with pytest.raises(Unavailable) as busy:
            await drawer.draw(TWICE, 1, "", 0.0, Limits())
        assert (busy.value.code, busy.value.retry_after) == ("drawing_busy", 5)
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "free"), 30) == "free"
        assert not any(task.done() for task in asked)
        gate.touch()
        assert {picture[:4] for picture in await asyncio.gather(*asked)} == {b"\x89PNG"}
        assert (await drawer.draw(TWICE, 1, "", 0.0, Limits())).startswith(b"\x89PNG")
    finally:
        gate.touch()
        drawer.close()


async def test_a_page_that_breaks_the_reader_down_is_a_mistake_of_its_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawer = Drawer(ParserPool(1, ("false",)))
    monkeypatch.setattr(isolation, "shared_drawer", lambda: drawer)
    try:
        with pytest.raises(InvalidInput) as refused:
            await source_pages.drawn(source_pages.PageAsked(TWICE, 1, "", 0.0))
    finally:
        drawer.close()
    assert refused.value.code == "parse_crashed"
    assert "cannot be drawn" in refused.value.message
