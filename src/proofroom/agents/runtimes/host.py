"""What a runtime may use of the program that it runs in."""

from dataclasses import dataclass

from proofroom.db.tx import Database
from proofroom.settings import Settings


@dataclass(frozen=True, slots=True)
class Host:
    """`db` is None where runtimes are only listed and nothing is run."""

    settings: Settings
    db: Database | None = None
