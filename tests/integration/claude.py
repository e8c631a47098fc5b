"""What the tests of the claude runtime work with: a room with a scripted provider, and a look for what is left."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from proofroom.db.models import WorkSession
from proofroom.testing.model_server import KEY, ModelServer, call, say
from tests.integration.rooms import Room, make_room

MODEL = "claude-test-1"
QUOTE = "The board named a factor of 4.45 in its report of November 1999."
FINDING = call(
    "emit_artifact",
    slot="finding-1",
    type="research_finding",
    title="The factor",
    markdown=f"{QUOTE} [[b1|{QUOTE}]]",
)
PLAN = call("emit_plan", steps=[{"title": "Read"}, {"title": "Write"}])
SEARCH = call("search_context", query="factor 4.45")
ASK = call("ask_reviewer", question="Which of the two?")
DONE = say("I handed in one finding.\nNot found: who named it first.")


def claude_room(room: Room, server: ModelServer, tmp_path: Path, **more: Any) -> Room:
    """The same room, in which claude runs against this provider."""
    given: dict[str, Any] = {
        "anthropic_api_key": KEY, "anthropic_base_url": server.url, "claude_model": MODEL, "claude_retries": 1,
        "data_dir": tmp_path / "data",
    }  # fmt: skip
    return make_room(
        room.db, room.actor.workspace_id, room.actor.member_id, room.project_id, room.folder, **given | more
    )


def worker_env(server: ModelServer, tmp_path: Path) -> Mapping[str, str]:
    """The same for a worker that is a process of its own."""
    return {
        "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url, "PROOFROOM_CLAUDE_MODEL": MODEL,
        "PROOFROOM_CLAUDE_RETRIES": "1", "PROOFROOM_DATA_DIR": str(tmp_path / "data"),
    }  # fmt: skip


def left(tmp_path: Path) -> list[str]:
    """Programs that run for a test with this folder, its folders, and dead programs that nobody took away."""
    found = [str(p) for p in (tmp_path / "data" / "claude").glob("*")]
    place, own = os.fsencode(tmp_path), str(os.getpid())
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or entry.name == own:
            continue
        try:
            name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
            state, parent = rest.split()[:2]
            if not name.startswith("claude"):
                continue
            if (state == "Z" and parent == own) or place in (entry / "environ").read_bytes():
                found.append(f"{entry.name} {name} {state}")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def same_as_charged(row: WorkSession, server: ModelServer) -> bool:
    """Whether the session counted exactly the tokens of the answers that came whole."""
    total, models = server.total(), row.usage["models"]
    return (row.usage["tokens_in"], row.usage["tokens_out"]) == (total.all_in, total.tokens_out) and {
        name: (one["tokens_in"], one["tokens_out"], one["cache_read"], one["cache_written"])
        for name, one in models.items()
    } == {
        name: (one.all_in, one.tokens_out, one.cache_read, one.cache_written)
        for name, one in server.by_model().items()
    }
