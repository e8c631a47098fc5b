"""What takes long is not done on the event loop, on which everybody else's requests wait.

Not measured here, because a busy machine is slow and not wrong: `python bench/event_loop.py` prints for how long the
loop is held and by what. Here it is looked at in which thread each of these runs while a large draft goes its way.
"""

import threading
from types import ModuleType
from typing import Any

import pytest

from proofroom.api import answers
from proofroom.exports import deliverable, html, record_file
from proofroom.services import aside, edits, finding, ledgers, review, seals, views
from proofroom.substrate import comparer, guard
from tests.integration.api.support import SOURCE, World

ASIDE: tuple[tuple[ModuleType, str], ...] = (
    (answers, "_joined"),
    (seals, "require_digest"),
    (seals, "is_sealed_by"),
    (ledgers, "sealed"),
    (review, "_why_look_again"),
    (edits, "_changed"),
    (views, "_rendered"),
    (views, "attention"),
    (finding, "item"),
    (guard, "marks"),
    (comparer, "from_json"),
    (deliverable, "_text"),
    (deliverable, "_indented"),
    (html, "page"),
    (record_file, "write"),
)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[int]]:
    """The threads in which each of them ran."""
    threads: dict[str, set[int]] = {}

    def watched(module: ModuleType, name: str) -> None:
        plain = getattr(module, name)
        key = f"{module.__name__}.{name}"

        def call(*given: Any, **named: Any) -> Any:
            threads.setdefault(key, set()).add(threading.get_ident())
            return plain(*given, **named)

        monkeypatch.setattr(module, name, call)

    for module, name in ASIDE:
        watched(module, name)
    return threads


async def test_what_takes_long_runs_beside_the_loop(world: World, seen: dict[str, set[int]]) -> None:
    api = world.api
    project = await world.project()
    await world.add_text(project, SOURCE)
    draft = "\n\n".join(
        f"The closest approach number {n} came to 57 km." for n in range(aside.MANY_CLAIMS + 1)
    )
    filed = await api.ok("POST", f"/projects/{project}/checks", 201, json={"draft": draft})
    session = filed["id"]
    assert (await world.drive(session)).status == "pending_review"
    path = f"/projects/{project}/work-sessions/{session}"
    (checkpoint,) = (await api.ok("GET", f"{path}/checkpoints"))["items"]
    await api.ok("GET", f"/checkpoints/{checkpoint['id']}")
    claims = [c for a in checkpoint["packet"]["artifacts"] for c in a["claims"]]
    assert len(claims) > aside.MANY_CLAIMS
    await api.ok("GET", f"{path}/artifacts")
    await api.ok("GET", f"/projects/{project}/search?q=closest+approach")
    await api.ok("GET", f"/projects/{project}/contradictions")
    edited = {"artifact_id": checkpoint["packet"]["artifacts"][0]["artifact_id"], "body": f"{draft} Indeed."}
    recheck = await api.ok("POST", f"{path}/checkpoints/{checkpoint['id']}/recheck", json={"edits": [edited]})
    assert {c["path"][0] for c in recheck["artifacts"][0]["claims"]} == {aside.MANY_CLAIMS}
    settled = [{"claim_id": c["id"], "reason": "Read."} for c in claims]
    body = {"packet_digest": checkpoint["packet_digest"], "acknowledged": settled}
    await api.ok("POST", f"{path}/checkpoints/{checkpoint['id']}/approve", json=body)
    assert (await world.drive(session)).status == "completed"
    for kind in ("md", "html", "json", "record"):
        await api.get(f"{path}/export?format={kind}")
    assert set(seen) == {f"{module.__name__}.{name}" for module, name in ASIDE}, "each of them ran"
    here = threading.get_ident()
    assert [name for name, threads in seen.items() if here in threads] == []


@pytest.mark.parametrize(
    "value",
    [
        {}, [], None, 1, 1.5, "é\n\"", [[]], {"a": {}},
        {"a": [1, {"b": [None, True, {"c": {"d": {"e": {"f": {"g": [1]}}}}}]}]},
    ],
)  # fmt: skip
def test_answers_in_pieces_are_the_same_json(value: Any) -> None:
    plain = answers._plain(value)
    for depth in range(8):
        assert "".join(answers.pieces(value, depth)) == plain


def test_no_piece_is_large_however_large_the_packet() -> None:
    claim = {"id": "c", "text": "x" * 200, "anchors": [{"quote": "y" * 100}] * 3}
    body = {"checkpoint": {"packet": {"artifacts": [{"claims": [claim] * 2_000}]}}}
    assert max(map(len, answers.pieces(body, answers._DEPTH))) < 1_000


@pytest.mark.parametrize("bad", [float("nan"), {"a": float("inf")}])
def test_what_is_no_json_is_not_answered(bad: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        list(answers.pieces(bad, 6))
