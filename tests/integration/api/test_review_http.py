"""What a review is asked beside its decision: comments on exact words, and edits compared before they are signed."""

from typing import Any

import pytest

from proofroom.services import source_pages
from tests.integration.api.support import World
from tests.integration.api.test_people_http import Crew, crew
from tests.unit.substrate.pdfs import paragraph as lines
from tests.unit.substrate.pdfs import pdf

__all__ = ["crew"]

DRAFT = (
    "# The orbit 🛰 of 60 km\n\nIt came to 60 km. Nobody knows why.\n\n- It came to 61 km in all.\n- Nobody was told.\n"
    "\n| what | value |\n| --- | --- |\n| altitude | 62 km |\n"
)
FACT = "It came to 57 km in all. The altitude was 57 km."


async def waiting(world: World) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """(path of the session, its checkpoint, its artifact) of an outside draft at its review."""
    project = await world.project()
    await world.add_text(project, FACT)
    made = await world.api.ok("POST", f"/projects/{project}/checks", 201, json={"draft": DRAFT})
    path = f"/projects/{project}/work-sessions/{made['id']}"
    checkpoint = await world.api.ok("GET", f"{path}/checkpoints/{made['checkpoint_id']}")
    (shown,) = checkpoint["packet"]["artifacts"]
    return path, checkpoint, await world.api.ok("GET", f"{path}/artifacts/{shown['artifact_id']}")


def paragraph(artifact: dict[str, Any], kind: str) -> int:
    return next(n for n, block in enumerate(artifact["document"]["blocks"]) if block["type"] == kind)


async def test_a_comment_stands_on_exact_words_in_text_list_table_and_heading(world: World) -> None:
    _, checkpoint, artifact = await waiting(world)
    at = f"/checkpoints/{checkpoint['id']}/comments"
    places = {
        "heading": [0], "paragraph": [paragraph(artifact, "paragraph")],
        "list": [paragraph(artifact, "list"), 0], "table": [paragraph(artifact, "table"), 0, 1],
    }  # fmt: skip
    blocks = artifact["document"]["blocks"]
    for kind, path in places.items():
        block = blocks[path[0]]
        text = {
            "list": lambda b=block: b["plain_items"][0],
            "table": lambda b=block: b["plain_rows"][0][1],
        }.get(kind, lambda b=block: b["plain"])()
        start = text.index("6")
        anchor = {
            "artifact_id": artifact["id"], "version": 1, "path": path, "char_start": start, "char_end": start + 5,
            "quote": text[start : start + 5],
        }  # fmt: skip
        made = await world.api.ok("POST", at, 201, json={"text": f"On the {kind}", "anchor": anchor})
        assert (made["anchor"], made["artifact_id"]) == (anchor, artifact["id"])
    listed = await world.api.ok("GET", at)
    assert [c["anchor"]["quote"] for c in listed["items"]] == ["60 km", "60 km", "61 km", "62 km"]


async def test_words_that_do_not_stand_there_are_refused(world: World) -> None:
    _, checkpoint, artifact = await waiting(world)
    at = f"/checkpoints/{checkpoint['id']}/comments"
    block = paragraph(artifact, "paragraph")
    right: dict[str, Any] = {
        "artifact_id": artifact["id"], "version": 1, "path": [block], "char_start": 11, "char_end": 16,
        "quote": "60 km",
    }  # fmt: skip
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"quote": "61 km"}, "unknown_passage"),
        ({"char_start": 10}, "unknown_passage"),
        ({"char_start": 16}, "unknown_passage"),
        ({"char_end": 2_000}, "unknown_passage"),
        ({"path": [99]}, "unknown_passage"),
        ({"path": [block, 0]}, "unknown_passage"),
        ({"version": 2}, "unknown_artifact"),
        ({"artifact_id": checkpoint["id"]}, "unknown_artifact"),
        ({"path": []}, "validation_error"),
        ({"path": [-1]}, "validation_error"),
        ({"quote": ""}, "validation_error"),
    ]
    for change, code in wrong:
        await world.api.problem("POST", at, 422, code, json={"text": "x", "anchor": right | change})
    await world.api.problem(
        "POST", at, 422, "unknown_artifact",
        json={"text": "x", "artifact_id": checkpoint["id"], "anchor": right},
    )  # fmt: skip
    claim = checkpoint["packet"]["artifacts"][0]["claims"][0]["id"]
    made = await world.api.ok("POST", at, 201, json={"text": "x", "claim_id": claim, "anchor": right})
    assert (made["claim_id"], made["anchor"]) == (claim, right)


def changed(artifact: dict[str, Any], kind: str) -> dict[str, Any]:
    """The document with the figure of one block set right."""
    blocks = [dict(block) for block in artifact["document"]["blocks"]]
    block = blocks[paragraph(artifact, kind)]
    for name in ("plain", "plain_items", "plain_rows"):
        block.pop(name, None)
    for name in ("text", "items", "rows"):
        if name in block:
            block[name] = _right(block[name])
    return {**artifact["document"], "blocks": blocks}


def _right(value: Any) -> Any:
    if isinstance(value, list):
        return [_right(one) for one in value]  # pyright: ignore[reportUnknownVariableType]
    return (
        value.replace("60", "57").replace("61", "57").replace("62", "57") if isinstance(value, str) else value
    )


@pytest.mark.parametrize("kind", ["heading", "paragraph", "list", "table"])
async def test_an_edit_is_compared_as_signing_it_would_and_nothing_is_stored(world: World, kind: str) -> None:
    path, checkpoint, artifact = await waiting(world)
    at = f"{path}/checkpoints/{checkpoint['id']}"
    edit = {"artifact_id": artifact["id"], "body": changed(artifact, kind)}
    said = await world.api.ok("POST", f"{at}/recheck", json={"edits": [edit]})
    (found,) = said["artifacts"]
    assert found["claims"]
    assert {claim["path"][0] for claim in found["claims"]} == {paragraph(artifact, kind)}
    assert await world.api.ok("GET", at) == checkpoint
    assert (await world.api.ok("GET", f"{path}/artifacts/{artifact['id']}"))["version"] == 1
    kept = [
        {"claim_id": c["id"], "reason": "seen"}
        for c in checkpoint["packet"]["artifacts"][0]["claims"]
        if c["verdict"] in ("unsupported", "conflict")
    ]
    signed = await world.api.ok(
        "POST", f"{at}/approve",
        json={"packet_digest": checkpoint["packet_digest"], "edits": [edit], "acknowledged": kept},
    )  # fmt: skip
    (now,) = signed["checkpoint"]["packet"]["artifacts"]
    ledger = {c["id"]: c for c in now["claims"]}
    for claim in found["claims"]:
        then = ledger[claim["id"]]
        assert {**claim, "n": then["n"]} == then


async def test_edits_that_cannot_be_compared_say_why(world: World, crew: Crew) -> None:
    path, checkpoint, artifact = await waiting(world)
    at = f"{path}/checkpoints/{checkpoint['id']}/recheck"
    viewer = await crew.join("Viewer", "viewer")
    await viewer.problem("POST", at, 403, "not_allowed", json={"edits": []})
    same = {"artifact_id": artifact["id"], "body": artifact["document"]}
    assert (await world.api.ok("POST", at, json={"edits": [same]}))["artifacts"][0]["claims"] == []
    assert await world.api.ok("POST", at, json={"edits": []}) == {"artifacts": []}
    wrong = {"artifact_id": checkpoint["id"], "body": "x"}
    await world.api.problem("POST", at, 422, "unknown_artifact", json={"edits": [wrong]})
    bad = {"artifact_id": artifact["id"], "body": {"version": 1, "title": "", "blocks": [{"type": "what"}]}}
    await world.api.problem("POST", at, 422, "document_invalid", json={"edits": [bad]})


async def test_a_page_of_a_pdf_is_drawn_and_nothing_else_is(world: World) -> None:
    project = await world.project()
    at = f"/projects/{project}/sources"
    data = pdf([lines("It is 312 metres long, said the city.", 760)])
    made = await world.api.ok("POST", at, 202, files={"file": ("bridge.pdf", data)})
    await world.api.problem("GET", f"{at}/{made['id']}/pages/1", 404, "version_not_found")
    await world.capture(made["id"])
    text = (await world.api.ok("GET", f"{at}/{made['id']}/content"))["text"]
    start = text.index("312")
    plain = await world.api.send("GET", f"{at}/{made['id']}/pages/1")
    marked = await world.api.send(
        "GET", f"{at}/{made['id']}/pages/1?start={start}&end={start + 10}&version=1"
    )
    for drawn in (plain, marked):
        assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/png")
        assert drawn.content.startswith(b"\x89PNG")
        assert drawn.headers["cache-control"] == "private, no-cache"
    assert plain.content != marked.content
    tags = {plain.headers["etag"], marked.headers["etag"]}
    assert len(tags) == 2, "one page with other words marked is another picture"
    await world.api.problem("GET", f"{at}/{made['id']}/pages/2", 404, "page_not_found")
    await world.api.problem("GET", f"{at}/{made['id']}/pages/0", 404, "not_found")
    await world.api.problem("GET", f"{at}/{made['id']}/pages/1?version=2", 404, "version_not_found")
    note = await world.add_text(project, FACT)
    await world.api.problem("GET", f"{at}/{note}/pages/1", 404, "page_not_found")
    other = await world.project()
    await world.api.problem("GET", f"/projects/{other}/sources/{made['id']}/pages/1", 404, "source_not_found")


async def test_a_picture_is_kept_by_the_browser_and_asked_for_each_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await world.project()
    at = f"/projects/{project}/sources"
    data = pdf([lines("It is 312 metres long, said the city.", 760)])
    made = await world.api.ok("POST", at, 202, files={"file": ("bridge.pdf", data)})
    await world.capture(made["id"])
    page = f"{at}/{made['id']}/pages/1"
    drawn = await world.api.send("GET", page)
    tag = {"If-None-Match": f'W/"other", {drawn.headers["etag"]}'}

    async def never(*_: object) -> bytes:
        raise AssertionError("a picture that the browser has is not drawn again")

    monkeypatch.setattr(source_pages, "drawn", never)
    same = await world.api.send("GET", page, headers=tag)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", drawn.headers["etag"])
    monkeypatch.undo()
    newer = pdf([lines("It is 313 metres long, said the city.", 760)])
    await world.api.ok("PUT", f"{at}/{made['id']}/content", 202, files={"file": ("bridge.pdf", newer)})
    await world.capture(made["id"])
    changed = await world.api.send("GET", page, headers=tag)
    assert (changed.status_code, changed.content == drawn.content) == (200, False)
    assert (await world.api.send("GET", f"{page}?version=1", headers=tag)).status_code == 304
    other = await world.project()
    elsewhere = page.replace(project, other)
    await world.api.problem("GET", elsewhere, 404, "source_not_found", headers=tag)
    reason = {"reason": "Asked to"}
    await world.api.ok("DELETE", f"{at}/{made['id']}", json=reason)
    await world.api.problem("GET", f"{page}?version=1", 404, "source_deleted", headers=tag)
