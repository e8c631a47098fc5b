"""The room that comes with the program, under the name that these tests use."""

from proofroom.testing.room import ENVELOPE, SESSION, WORKSPACE, Room, obligation, play

__all__ = ["ENVELOPE", "SESSION", "WORKSPACE", "Room", "obligation", "play"]
