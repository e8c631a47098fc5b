"""`doctor`: every setting with its value and where it comes from, and a look at each part."""

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit, urlunsplit

import typer

from proofroom.cli.common import Data, Json, load_settings, run_plain, set_up_logging
from proofroom.cli.output import DONE, FAILED, Out, one_line
from proofroom.domain.errors import ProofroomError

if TYPE_CHECKING:
    from proofroom.db.embedded import EmbeddedPostgres
    from proofroom.settings import Settings

State = Literal["ok", "note", "broken"]
SIGNS: Mapping[State, tuple[str, str]] = {
    "ok": ("ok", "green"),
    "note": ("note", "yellow"),
    "broken": ("BROKEN", "red"),
}

VECTOR_HINT = "Install pgvector (0.8 or later) on the database server."
PLAIN_NAMES = {
    "database_url": "DATABASE_URL",
    "anthropic_api_key": "ANTHROPIC_API_KEY",
    "anthropic_base_url": "ANTHROPIC_BASE_URL",
}
LITTLE_DISK = 200_000_000
LOW_DISK = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """`state`: ok, note (works, but know this) or broken (essential, and does not work)."""

    part: str
    state: State
    detail: str
    hint: str = ""
    code: str | None = None


def register(app: typer.Typer) -> None:
    app.command(
        "doctor",
        epilog="Example: proofroom doctor   (exit 0: it works, 1: something essential is broken)",
    )(doctor)


def doctor(as_json: Json = False, data: Data = None) -> int:
    """Show every setting with its origin, secrets masked, and check each part."""

    async def body(out: Out) -> int:
        settings = load_settings(data_dir=data)
        set_up_logging(settings, "error")
        shown = list_settings(settings, "--data" if data is not None else None)
        findings = [
            _python(),
            _disk(settings.data_dir),
            *await _database(settings),
            *await asyncio.to_thread(_agents, settings),
            _page(),
            await asyncio.to_thread(_embedder),
            _retention(settings),
        ]
        bad = any(f.state == "broken" for f in findings)
        out.document({"ok": not bad, "settings": shown, "checks": [asdict(f) for f in findings]})
        out.line("Settings", "bold")
        wide = max(len(s["variable"]) for s in shown)
        for item in shown:
            out.line(
                f"{item['variable'].ljust(wide)}  {one_line(item['value'], 70)}  [{item['origin']}]",
                "" if item["origin"] != "default" else "dim",
                indent=2,
            )
        out.line()
        out.line("Checks", "bold")
        for finding in findings:
            sign, style = SIGNS[finding.state]
            out.line(f"{sign.ljust(6)}  {finding.part}: {finding.detail}", style, indent=2)
            if finding.hint:
                out.line(finding.hint, "dim", indent=10)
        return FAILED if bad else DONE

    return run_plain(body, as_json=as_json)


def list_settings(settings: "Settings", data_origin: str | None) -> list[dict[str, str]]:
    """{name, variable, value, origin, description} of every setting, secrets masked."""
    from pydantic import SecretStr

    in_environment = {name.upper(): name for name in os.environ}
    shown: list[dict[str, str]] = []
    for name, info in type(settings).model_fields.items():
        plain = PLAIN_NAMES.get(name)
        variable = plain or f"PROOFROOM_{name.upper()}"
        found = next(
            (in_environment[v] for v in (variable, f"PROOFROOM_{name.upper()}") if v in in_environment), None
        )
        value: Any = getattr(settings, name)
        if isinstance(value, SecretStr):
            value = mask(name, value.get_secret_value())
        origin = f"environment, {found}" if found is not None else "default"
        if name == "data_dir" and data_origin is not None:
            origin = data_origin
        shown.append(
            {
                "name": name, "variable": variable, "value": "not set" if value in (None, "") else str(value),
                "origin": origin, "description": info.description or "",
            }
        )  # fmt: skip
    return shown


def mask(name: str, secret: str) -> str:
    """A secret as it may be shown: that it is set, and of a URL the parts that are none."""
    if name != "database_url":
        return "set, hidden"
    parts = urlsplit(secret)
    host = parts.netloc.rpartition("@")[2]
    user = parts.username or ""
    # The query may hold a password, too.
    return urlunsplit(
        (parts.scheme, f"{user}:•••@{host}" if user else host, parts.path, "•••" if parts.query else "", "")
    )


def _python() -> Finding:
    version = ".".join(str(n) for n in sys.version_info[:3])
    return Finding("python", "ok", f"{version} at {sys.executable}")


def _disk(folder: Path) -> Finding:
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Finding(
            "disk", "broken", f"{place}: {error.strerror or error}", "Choose another folder with --data."
        )
    if not folder.exists() and not os.access(place, os.W_OK):
        return Finding(
            "disk",
            "broken",
            f"{folder} cannot be made: {place} is not writable.",
            "Choose another with --data.",
        )
    said = f"{free / 1e9:.1f} GB free at {place}"
    if free < LITTLE_DISK:
        return Finding("disk", "broken", said, "Make room; PostgreSQL stops when the disk is full.")
    return Finding("disk", "note" if free < LOW_DISK else "ok", said)


async def _database(settings: "Settings") -> list[Finding]:
    from proofroom.db.embedded import EmbeddedPostgres

    server: EmbeddedPostgres | None = None
    if settings.database_url is None:
        if not (settings.data_dir / "postgres" / "cluster").exists():
            return [
                Finding(
                    "database",
                    "ok",
                    f"embedded, not made yet; the first start makes it in {settings.data_dir}",
                )
            ]
        try:
            server = await asyncio.to_thread(EmbeddedPostgres.start, settings.data_dir)
        except ProofroomError as error:
            return [_broken("database", error)]
        url = server.url()
    else:
        url = settings.database_url.get_secret_value()
    try:
        return await _look(url, server)
    except ProofroomError as error:
        return [_broken("database", error)]
    finally:
        if server is not None:
            await asyncio.to_thread(server.stop)


async def _look(url: str, server: "EmbeddedPostgres | None") -> list[Finding]:
    from proofroom.db import lookup
    from proofroom.db.migrate import HEAD, KNOWN, current
    from proofroom.db.tx import Database

    revision = await asyncio.to_thread(current, url)
    kind = "embedded" if server is not None else "server"
    if revision is None:
        return [
            Finding("database", "ok", f"{kind}, answers"),
            Finding(
                "migrations",
                "note",
                "the database is empty",
                "`proofroom migrate` or the first start fills it.",
            ),
        ]
    if revision not in KNOWN:
        return [
            Finding(
                "migrations", "broken", f"the database is at {revision}, which this release does not know",
                "Run the newer release that made it.", "database_newer",
            )
        ]  # fmt: skip
    db = Database(url, pool_size=2)
    try:
        facts = await lookup.server(db)
    finally:
        await db.dispose()
    major = int(facts.version.split(".", 1)[0])
    findings = [
        Finding("database", "ok", f"{kind}, PostgreSQL {facts.version}")
        if major >= 15
        else Finding(
            "database", "broken", f"PostgreSQL {facts.version}; 15 or later is needed", "Upgrade the server."
        ),
        Finding("row-level security", "ok", "the application's role is bound by it")
        if facts.row_security
        else Finding(
            "row-level security",
            "broken",
            "the application's role passes it by",
            "Run `proofroom migrate` as the owner.",
        ),
    ]
    if "vector" in facts.extensions:
        state = facts.extensions["vector"]
        findings.append(
            Finding(
                "extensions",
                "ok",
                f"vector {state}" if state else "vector is available; migrating takes it into use",
            )
        )
    else:
        findings.append(Finding("extensions", "broken", "vector is not available", VECTOR_HINT))
    if revision == HEAD:
        findings.append(Finding("migrations", "ok", f"at {HEAD}, as this release needs"))
    else:
        findings.append(
            Finding(
                "migrations",
                "note",
                f"at {revision}; this release needs {HEAD}",
                "`proofroom migrate` does it, and so does every start.",
            )
        )
    alive = facts.workers or 0
    findings.append(
        Finding("workers", "ok", f"{alive} at work")
        if alive
        else Finding("workers", "note", "none runs; `proofroom up` or `proofroom worker` starts one")
    )
    return findings


def _agents(settings: "Settings") -> list[Finding]:
    from proofroom.agents.runtimes import registry
    from proofroom.bootstrap import make_catalog

    findings: list[Finding] = []
    registry.look_at_keys(settings)
    try:
        catalog = make_catalog(settings)
        findings.append(Finding("agents", "ok", ", ".join(sorted(catalog.definitions))))
    except ProofroomError as error:
        return [_broken("agents", error)]
    for item in catalog.list_runtimes():
        name, label = str(item["name"]), str(item["label"])
        if item.get("available"):
            findings.append(Finding(f"runtime {name}", "ok", label))
        else:
            default = name == catalog.default_runtime.partition(":")[0]
            findings.append(
                Finding(
                    f"runtime {name}",
                    "broken" if default else "note",
                    f"{label}: not available",
                    str(item.get("why_not") or ""),
                )
            )
    try:
        catalog.admit_runtime(catalog.default_runtime, True)
    except ProofroomError as error:
        findings.append(_broken("default runtime", error))
    return findings


def _embedder() -> Finding:
    """Finds the files, compares their hashes, loads them and embeds one text."""
    from proofroom.substrate import embedder

    chosen = embedder.choice()
    if chosen.embedder is None:
        hint = "" if chosen.state == "off" else "Install Proofroom again, with its dependencies."
        return Finding("embedder", "note", f"{chosen.message} Words alone decide.", hint)
    try:
        (vector,) = chosen.embedder.embed(["One text, to see that it works."])
    except Exception as error:  # noqa: BLE001  whatever the runtime raises is what this tells
        return Finding(
            "embedder",
            "broken",
            f"{chosen.embedder.model} fails: {error}",
            "PROOFROOM_EMBEDDER=off does without.",
        )
    return Finding(
        "embedder",
        "ok",
        f"{chosen.embedder.model}, files as this release knows them, {len(vector)} dimensions",
    )


def _retention(settings: "Settings") -> Finding:
    kept = {
        "conversations with models": settings.keep_transcripts_days,
        "files of replaced versions": settings.keep_originals_days,
        "idempotency keys": settings.keep_idempotency_days,
    }
    said = ", ".join(f"{what} {'for ever' if n is None else f'{n} days'}" for what, n in kept.items())
    return Finding("retention", "ok", said)


def _page() -> Finding:
    from importlib import resources

    if (resources.files("proofroom") / "api" / "static" / "index.html").is_file():
        return Finding("web page", "ok", "built")
    return Finding(
        "web page",
        "note",
        "not built; the API and this command line work",
        "`python3 dev.py sync` builds it.",
    )


def _broken(part: str, error: ProofroomError) -> Finding:
    return Finding(part, "broken", error.message, error.hint, error.code)
