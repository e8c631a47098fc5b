"""The conformance suite for the claude runtime, with the real SDK and its real program."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from proofroom.agents.runtimes.base import AgentRuntime, BudgetLeft, Failed, RunRef
from proofroom.agents.runtimes.claude import ClaudeRuntime
from proofroom.agents.runtimes.host import Host
from proofroom.services import legs
from proofroom.settings import Settings
from proofroom.testing import ModelConformance
from proofroom.testing.conformance import MAX_REQUESTS, TEXTS
from proofroom.testing.model_server import KEY, calls, forever, use
from proofroom.testing.plays import following
from proofroom.testing.room import Room
from tests.integration import rooms
from tests.integration.claude import MODEL, left

PIECES = 8
"""Sessions that a test may begin; each piece of work is one of its own, or it would go on with the one before."""


class ClaudeConformance(ModelConformance):
    """All conversations of a test are kept with one session, each under its own name."""

    agents = ("research",)

    @pytest.fixture(autouse=True)
    async def database(self, served: None, room: rooms.Room, tmp_path: Path) -> None:
        self.settings = Settings(
            anthropic_api_key=SecretStr(KEY), anthropic_base_url=self.server.url, claude_model=MODEL,
            claude_retries=2, data_dir=tmp_path / "data",
        )  # fmt: skip
        self.db = room.db
        self.fresh = [await self._claimed(room) for _ in range(PIECES)]

    async def _claimed(self, room: rooms.Room) -> RunRef:
        session_id = await room.file(room.script({"finish": {}}))
        async with room.db.transaction(room.actor.workspace_id) as tx:
            row = await legs.claim(
                tx,
                session_id,
                owner="conformance",
                lease_seconds=600,
                definitions=room.parts.catalog.definitions,
            )
        assert row is not None
        return RunRef(row.workspace_id, row.id, row.iteration, row.leg)

    @pytest.fixture(autouse=True)
    def leaves_no_folder(self, tmp_path: Path) -> Iterator[None]:
        yield
        assert left(tmp_path) == []

    def new_run(self) -> RunRef:
        return self.fresh.pop()

    def make(self) -> AgentRuntime:
        return ClaudeRuntime(Host(self.settings, self.db))

    async def test_a_budget_in_tokens_is_kept_when_nobody_else_keeps_it(self) -> None:
        request = self.request(Room(TEXTS), budget=BudgetLeft(tokens=2_000))
        end = (await self.play(self.make(), request))[-1]
        assert isinstance(end, Failed)
        assert (end.code, end.retryable) == ("budget_exceeded", True)
        assert len(self.server.requests) <= 3, "the second reply used it up"

    async def test_a_loop_of_a_call_that_is_not_ours_is_ended(self) -> None:
        self.server.play(forever(following([calls(use("delete_everything", sure=True))])))
        end = (await self.play(self.make(), self.request(Room(TEXTS))))[-1]
        assert isinstance(end, Failed)
        assert end.code == "no_progress"
        assert len(self.server.requests) <= MAX_REQUESTS
