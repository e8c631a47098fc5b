"""Settings: each from `PROOFROOM_<NAME>` in the environment; `DATABASE_URL` and `ANTHROPIC_API_KEY` as they are."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_data_dir() -> Path:
    return Path("~/.local/share/proofroom").expanduser()


class Settings(BaseSettings):
    """What can be set. `proofroom doctor` shows every one with its value and where it comes from."""

    model_config = SettingsConfigDict(
        env_prefix="PROOFROOM_", extra="ignore", frozen=True, populate_by_name=True
    )

    data_dir: Path = Field(default_factory=_default_data_dir, description="Folder of the embedded database.")
    database_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("DATABASE_URL", "PROOFROOM_DATABASE_URL"),
        description="A PostgreSQL server (15 or later) instead of the embedded one.",
    )
    anthropic_api_key: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("ANTHROPIC_API_KEY"),
        description="Key for the claude runtime.",
    )
    anthropic_base_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("ANTHROPIC_BASE_URL"),
        description="Where the claude runtime sends its requests instead of Anthropic, such as a gateway.",
    )
    host: str = Field(default="127.0.0.1", description="Address that `up` and `api` listen on.")
    port: int = Field(default=8787, ge=0, le=65535, description="Port; 0 takes a free one.")
    allowed_hosts: str = Field(
        default="", description="Comma-separated host names the server answers to, besides the loopback ones."
    )
    default_runtime: str | None = Field(
        default=None,
        description="Runtime of requests that name none. Not set: claude where it has a key, else extractive.",
    )
    claude_model: str = Field(
        default="claude-sonnet-5-5",
        min_length=1,
        description="Model of the claude runtime, unless a request names one.",
    )
    claude_processes: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Claude programs that a worker runs at once, about 0.5 GB each. Not set: one for each core.",
    )
    claude_retries: int = Field(
        default=4,
        ge=0,
        le=20,
        description="How often Claude repeats a request that the provider did not answer.",
    )
    worker_concurrency: int = Field(
        default=4, ge=1, le=64, description="Jobs that one worker runs at a time."
    )
    workspace_legs: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Legs that one workspace may have at work. Not set: any number.",
    )
    agent_legs: str = Field(
        default="",
        pattern=r"^(\s*[a-z][a-z0-9_-]*\s*=\s*[0-9]{1,4}\s*(,|$))*$",
        description="Legs of an agent type that one workspace may have at work, such as `research=2, content=1`.",
    )
    max_queued: int | None = Field(
        default=None,
        ge=1,
        description="How many sessions of a workspace may wait for a worker; more are refused. Not set: any number.",
    )
    requests_per_minute: int | None = Field(
        default=None,
        ge=0,
        description="Requests a minute of one user at each API process; 0: any. Not set: 600, in local mode any.",
    )
    workspace_requests_per_minute: int | None = Field(
        default=None,
        ge=0,
        description="The same of one workspace at each API process; 0: any. Not set: 6000, in local mode any.",
    )
    captures_per_minute: int | None = Field(
        default=None,
        ge=0,
        description="Those that add or replace sources; 0: any number. Not set: 120, in local mode any number.",
    )
    executions_per_minute: int | None = Field(
        default=None,
        ge=0,
        description="Those that file or start work; 0: any number. Not set: 60, in local mode any number.",
    )
    pool_size: int = Field(default=10, ge=2, le=100, description="Database connections kept by a process.")
    lease_seconds: float = Field(
        default=20.0, ge=1, le=600, description="How long a leg holds its session without a sign of life."
    )
    external_lease_seconds: float = Field(
        default=300.0,
        ge=1,
        le=86_400,
        description="How long an agent of your own holds its session without posting anything.",
    )
    sweep_seconds: float = Field(
        default=5.0, ge=0.2, le=300, description="How often the sweeper looks for work that nobody does."
    )
    shutdown_seconds: float = Field(
        default=10.0, ge=0, le=600, description="How long a stopping worker lets its legs finish."
    )
    delivery_root: Path | None = Field(
        default=None, description="Folder under which requests over HTTP may ask for delivery."
    )
    script_dir: Path | None = Field(
        default=None, description="Folder of scripts that the scripted runtime may play over HTTP."
    )
    agents_dir: Path | None = Field(default=None, description="Folder with agent definitions of your own.")
    provider_timeout_seconds: float = Field(
        default=300.0, ge=1, le=3600, description="How long a provider may say nothing before the turn fails."
    )
    prices: Path | None = Field(
        default=None,
        description="Price table of your own models; its entries stand in place of the shipped ones.",
    )
    policy_may_sign: bool = Field(
        default=False,
        description="Let policy decide the final gate of low-risk work under auto_approve_low_risk.",
    )
    embedder: Literal["minilm", "off"] = Field(
        default="minilm", description="What search by meaning embeds with; `off` leaves search by words."
    )
    embedder_threads: int = Field(
        default=1, ge=1, le=64, description="Processor threads for one text that is embedded."
    )
    max_upload_mb: int = Field(default=100, ge=1, le=2000, description="Largest file that can be captured.")
    keep_transcripts_days: int | None = Field(
        default=None,
        ge=0,
        description="Days that conversations with models are kept after a session ended. Not set: for ever.",
    )
    keep_originals_days: int | None = Field(
        default=None,
        ge=0,
        description="Days that the file of a source's replaced version is kept; its text stays. Not set: for ever.",
    )
    keep_idempotency_days: int = Field(
        default=30, ge=1, description="Days for which a repeated Idempotency-Key gets the first answer."
    )
    metrics_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port on which `worker` serves /metrics and /api/health, at PROOFROOM_HOST. Not set: none.",
    )
    log_level: str = Field(default="info", description="debug, info, warning or error.")
    log_format: Literal["text", "json"] = Field(
        default="text", description="Log lines for people (`text`) or one JSON object a line (`json`)."
    )
