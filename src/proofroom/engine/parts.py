"""What the engine works with, made once by bootstrap."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from proofroom.db.across import ANY_NUMBER, Limits
from proofroom.db.retention import FOR_EVER, Keep
from proofroom.db.tx import Database
from proofroom.engine import folder
from proofroom.engine.effects import Sender
from proofroom.services.catalog import Catalog

FOLDERS: Mapping[str, Sender] = {"folder": folder.send}


@dataclass(frozen=True, slots=True)
class Parts:
    """`owner` names this process in leases; `lease_seconds` how long a leg holds a session without a sign of
    life, `external_lease_seconds` how long one that somebody's own agent does. `limits`: how many legs a workspace may
    have at work. `keep`: for how long what no record rests on is kept. `senders` make effects, by their kind; an
    attempt at one may be silent for `delivery_lease_seconds`.
    """

    db: Database
    catalog: Catalog
    owner: str
    lease_seconds: float = 20.0
    external_lease_seconds: float = 300.0
    policy_may_sign: bool = False
    limits: Limits = ANY_NUMBER
    keep: Keep = FOR_EVER
    data_dir: Path | None = None
    senders: Mapping[str, Sender] = field(default_factory=lambda: FOLDERS)
    delivery_lease_seconds: float = 20.0
