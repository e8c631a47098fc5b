"""Sessions, packets and claims as text for a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rich.box import SIMPLE
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from proofroom.cli.find import short
from proofroom.cli.output import Out, one_line, safe
from proofroom.db import artifacts as db_artifacts
from proofroom.db import members
from proofroom.db import sources as db_sources
from proofroom.db.models import WorkCheckpoint, WorkSession
from proofroom.db.projects import Named
from proofroom.db.tx import Tx
from proofroom.domain.attention import attention
from proofroom.domain.checkpoint import flagged_claims, held_decision
from proofroom.domain.document import ArtifactDocument, from_json, plain
from proofroom.domain.document.model import Chart, Heading, ListBlock, Opinion, Paragraph, Quote, Table
from proofroom.domain.signing import Signing, signing_of
from proofroom.services import external
from proofroom.services.people import comments_of
from proofroom.services.views import at, checkpoint_json, void_decision

Json = Mapping[str, Any]

SAID_ABOVE = ("question", "high_impact", "suspicious_source", "low_confidence", "review_requested")
"""Triggers that the packet says elsewhere: as the question, or under what needs a person."""

STYLES = {
    "supported": "green", "partial": "yellow", "uncited": "yellow", "unsupported": "red", "conflict": "red",
    "completed": "green", "pending_review": "yellow", "failed": "red", "cancelled": "dim",
}  # fmt: skip
RESULTS = {
    "same": "the same", "differs": "differs", "not_found": "not found",
    "conflict": "sources disagree", "not_compared": "not compared",
}  # fmt: skip
MEANING = "Quotes, numbers, dates and names were compared. Meaning is not compared. It is yours to read."


def part_word(content_type: str | None) -> str:
    """What the numbered parts of a file of this type are called: page, slide or sheet."""
    kind = content_type or ""
    return "slide" if "presentationml" in kind else "sheet" if "spreadsheetml" in kind else "page"


@dataclass(slots=True)
class Places:
    """Where quotes stand, in lines: reads each text once."""

    tx: Tx
    texts: dict[tuple[UUID, int], str | None] = field(default_factory=dict[tuple[UUID, int], str | None])
    parts: dict[tuple[UUID, int], str] = field(default_factory=dict[tuple[UUID, int], str])

    async def of(self, anchor: Json) -> str:
        """Such as `version 2, page 3, characters 120 to 260`; the parts of a file go by their own name."""
        key = (UUID(str(anchor["source_id"])), int(anchor["version"]))
        if key not in self.texts:
            row = await db_sources.version(self.tx, *key)
            self.texts[key] = None if row is None else row.text
            self.parts[key] = part_word(None if row is None else row.content_type)
        text = self.texts[key]
        start, end = int(anchor["char_start"]), int(anchor["char_end"])
        parts = [f"version {key[1]}"]
        if anchor.get("page"):
            parts.append(f"{self.parts[key]} {anchor['page']}")
        elif text is not None:
            first, last = text.count("\n", 0, start) + 1, text.count("\n", 0, max(start, end - 1)) + 1
            parts.append(f"line {first}" if first == last else f"lines {first} to {last}")
        parts.append(f"characters {start:,} to {end:,}")
        return ", ".join(parts)


def counted(summary: Json) -> str:
    """The sum of a ledger in words."""
    said = f"{summary['needs_you']} need you, {summary['passed']} passed automatic checks"
    opinions = summary.get("opinions", 0)
    return (
        f"{said}, {opinions} {'is opinion' if opinions == 1 else 'are opinions'}." if opinions else f"{said}."
    )


async def flagged(out: Out, places: Places, claims: Iterable[Json], *, indent: int = 0) -> None:
    """Claims that need a person: what the draft says, what the source says, where, what was compared."""
    for claim in claims:
        style = STYLES.get(claim["verdict"], "")
        out.line(
            f"{claim['n']}. {claim['headline']}   ({claim['verdict']}, {claim['id']})", style, indent=indent
        )
        say = claim.get("say")
        if say:
            wide = max(len(label) for label in say["labels"])
            for label, side in zip(say["labels"], (say["draft"], say["source"]), strict=True):
                out.line(f"{label.ljust(wide)}  {_marked(side)}", indent=indent + 3)
        else:
            out.line(f"Draft says  {one_line(claim['text'], 400)}", indent=indent + 3)
        for anchor in claim["anchors"]:
            out.line(
                f"{_role(anchor['role'])}: {one_line(anchor['source_title'], 80)}, {await places.of(anchor)}",
                "dim",
                indent=indent + 3,
            )
            if not say or anchor["role"] in ("conflicts", "nearest"):
                out.line(f"“{one_line(anchor['quote'], 300)}”", "dim", indent=indent + 5)
        out.line(comparisons(claim["checks"]), "dim", indent=indent + 3)
        correction = claim.get("correction")
        if correction:
            text = one_line(correction["text"], 300)
            out.line(
                one_line(correction["label"], 100) + (f": {text}" if text else ""), "dim", indent=indent + 3
            )
        out.line()


def comparisons(checks: Sequence[Json]) -> str:
    """What was compared and what was not, on a line."""
    made = [
        c for c in checks if c["result"] not in ("not_compared", "none")
    ]  # none: there was none to compare
    open_ = list(dict.fromkeys(str(c["kind"]) for c in checks if c["result"] == "not_compared"))
    parts = [f"{c['kind']}: {RESULTS.get(str(c['result']), str(c['result']))}" for c in made]
    text = "Compared: " + ("; ".join(dict.fromkeys(parts)) or "nothing") + "."
    return text + (f" Not compared: {', '.join(open_)}." if open_ else "")


def passed(out: Out, claims: Iterable[Json], *, indent: int = 0) -> None:
    """The claims that passed, a line each."""
    for claim in claims:
        if claim["opinion"]:
            why = "opinion"
        else:
            kinds = dict.fromkeys(str(c["kind"]) for c in claim["checks"] if c["result"] == "same")
            why = ", ".join(kinds) or str(claim["verdict"])
        source = next((one_line(a["source_title"], 40) for a in claim["anchors"]), "")
        out.line(
            f"{claim['n']}. {one_line(claim['text'], 90)}  [{why}{'; ' + source if source else ''}]",
            "dim",
            indent=indent,
        )


def _marked(side: Json) -> str:
    text, mark = str(side["text"]), side.get("mark")
    if mark:
        start, end = int(mark[0]), int(mark[1])
        text = f"{text[:start]}»{text[start:end]}«{text[end:]}"
    return one_line(text, 400)


def _role(role: str) -> str:
    return {
        "supports": "Source", "differs": "Source", "conflicts": "Other source", "nearest": "Nearest passage",
    }.get(role, "Source")  # fmt: skip


def document(out: Out, shown: ArtifactDocument, *, indent: int = 0) -> None:
    """A document as plain text: citations left out, addresses behind the words of links, charts by their titles."""
    for block in shown.blocks:
        match block:
            case Heading(text=text):
                if plain(text).text.strip() == shown.title.strip():
                    continue
                out.line()
                out.line(plain(text).shown(), "bold", indent=indent)
            case Paragraph(text=text):
                out.line(plain(text).shown(), indent=indent)
            case ListBlock(ordered=ordered, items=items):
                for n, item in enumerate(items, start=1):
                    out.line(f"{f'{n}.' if ordered else '-'} {plain(item).shown()}", indent=indent)
            case Quote(text=text):
                out.line(f"“{plain(text).shown()}”", indent=indent + 2)
            case Opinion(text=text):
                out.line(f"Opinion: {plain(text).shown()}", "italic", indent=indent)
            case Table():
                _table(out, block, indent)
            case Chart(title=title):
                out.line(f"Chart: {plain(title).shown()}", "dim", indent=indent)


def _table(out: Out, table: Table, indent: int) -> None:
    if out.json:
        return
    grid = Grid(box=SIMPLE, show_edge=False)
    for column in table.columns:
        grid.add_column(Text(one_line(column.label, 60)))
    for row in table.rows:
        grid.add_row(
            *(Text(one_line(plain(cell).shown(), 120)) if cell is not None else Text("") for cell in row)
        )
    if table.caption:
        out.line(plain(table.caption).shown(), indent=indent)
    out.console.print(Padding(grid, (0, 0, 0, indent)))


async def work(tx: Tx, out: Out, row: WorkSession) -> None:
    """What a session has made: each artifact with the quotes it rests on and where they stand."""
    places = Places(tx)
    current = await db_artifacts.current(tx, row.id)
    for _, version in current:
        out.line()
        out.line(f"{version.title}  (version {version.version})", "bold")
        document(out, from_json(version.document), indent=2)
        shown: dict[tuple[str, int, int], None] = {}
        for claim in version.claims:
            for anchor in claim["anchors"]:
                key = (str(anchor["source_id"]), int(anchor["char_start"]), int(anchor["char_end"]))
                if anchor["role"] == "nearest" or claim["kind"] != "sentence" or key in shown:
                    continue
                shown[key] = None
                out.line(f"“{one_line(anchor['quote'], 500)}”", "green", indent=4)
                out.line(
                    f"{one_line(anchor['source_title'], 80)}, {await places.of(anchor)}", "dim", indent=4
                )
        need = [c for c in version.claims if c["needs_you"]]
        if need:
            out.line()
            await flagged(out, places, need, indent=2)


async def packet(tx: Tx, out: Out, row: WorkSession, checkpoint: WorkCheckpoint, consequence: str) -> None:
    """A checkpoint's packet: all that a signature would cover, in short."""
    body = checkpoint.packet
    places = Places(tx)
    out.line(f"{safe(row.title)}   {checkpoint.kind} gate, iteration {checkpoint.iteration}", "bold")
    await void(tx, out, checkpoint)
    out.line(f"Stopped for: {', '.join(str(r) for r in body['reasons'])}", "dim")
    if body.get("plan") and checkpoint.kind == "plan":
        for n, step in enumerate(body["plan"].get("steps", []), start=1):
            out.line(f"{n}. {one_line(step.get('title', ''), 200)}", indent=2)
    question = body.get("question")
    if question:
        out.line(f"It asks: {one_line(question.get('text', ''), 1000)}", "yellow", indent=2)
    form = checkpoint.form or {}
    for name, schema in form.get("properties", {}).items():
        needed = " (required)" if name in form.get("required", []) else ""
        choice = f", one of {schema['enum']}" if "enum" in schema else ""
        out.line(
            f"Answer {one_line(name, 60)}{needed}: {one_line(schema.get('title', ''), 200)}{choice}", indent=2
        )
    needs_you(out, body)
    for trigger in body["triggers"]:
        if trigger["kind"] not in SAID_ABOVE:
            detail = trigger["detail"].get("text") or trigger["detail"].get("reason") or ""
            out.line(
                f"Noted: {trigger['kind'].replace('_', ' ')}. {one_line(detail, 400)}", "yellow", indent=2
            )
    for n, obligation in enumerate(body["obligations"], start=1):
        style = "green" if obligation["state"] == "met" else "yellow"
        asked = "; ".join(one_line(line, 200) for line in obligation["comment"].splitlines() if line.strip())
        out.line(f"Asked for, {n}. {obligation['state'].capitalize()}: {asked}", style, indent=2)
        if obligation.get("note"):
            out.line(one_line(obligation["note"], 300), "dim", indent=5)
    carried, reread = sum(len(a.get("carried", ())) for a in body["artifacts"]), body.get("reread")
    if reread:
        out.line(
            f"{carried} claim{'s' if carried != 1 else ''} unchanged, {_carried_words(body)}; "
            f"{reread['words']:,} of {reread['of']:,} words to read.",
            "dim", indent=2,
        )  # fmt: skip
    for artifact in body["artifacts"]:
        claims = artifact["claims"]
        out.line()
        out.line(
            f"{safe(artifact['title'])}  (version {artifact['version']}, by {artifact['author']})", "bold"
        )
        await flagged(out, places, [c for c in claims if c["needs_you"]], indent=2)
        numbers = {c["id"]: c["n"] for c in claims}
        for before in artifact.get("kept_before", ()):
            what = "the check was wrong" if before["kind"] == "check_was_wrong" else "kept"
            said_so = (
                f"{numbers.get(before['claim_id'])}: {what} before, by {safe(before['name'] or 'somebody')}"
            )
            out.line(f"{said_so}: {one_line(before['reason'], 200)}", "dim", indent=2)
        kept = set(artifact.get("carried", ()))
        passed(out, [c for c in claims if not c["needs_you"] and c["id"] not in kept], indent=2)
    if body["summary"]["claims"]:
        out.line()
        out.line(f"{counted(body['summary'])} {MEANING}")
    must = [c for _, c in flagged_claims(body)]
    if must and checkpoint.kind == "final":
        ids = " ".join(f"--ack {c['n']}=REASON" for c in must[:4])
        out.line(f"{len(must)} must be corrected, or kept with a reason: {ids}", "yellow")
    for effect in body["effects"]:
        out.line(f"A signature: {one_line(effect['label'], 300)}")
    if body.get("risk"):
        out.line(risk_line(body["risk"]))
    names = await members.names(tx)
    signing = signing_of(body)
    if not signing.alone or checkpoint.votes:
        out.line(signatures(checkpoint) + barred(signing, names))
    around_it = around(
        checkpoint_json(checkpoint, row, Named("", archived=False), names, {}, brief=checkpoint.packet),
        votes=False,
    )
    if around_it:
        out.line(f"{around_it[:1].upper()}{around_it[1:]}.")
    for line in said(await comments_of(tx, checkpoint.id), body):
        out.line(line, "dim")
    out.line(consequence)
    out.line(f"packet {checkpoint.packet_digest}", "dim")


def _carried_words(packet: Json) -> str:
    """Whoever sends something back approves nothing: they did not object to the rest."""
    source: Json = packet.get("carried_from") or {}
    return "approved before" if source.get("decision") == "approve" else "not objected to before"


def needs_you(out: Out, body: Json) -> None:
    """What needs a person, weightiest first, in a sentence each."""
    items = attention(body)
    if not items:
        return
    out.line(f"Needs you ({len(items)}):", "yellow", indent=2)
    for item in items:
        about = f"claim {item['n']}, " if item["n"] is not None else ""
        kind = str(item["kind"]).replace("_", " ")
        out.line(f"- {one_line(item['sentence'], 400)}  ({about}{kind})", "yellow", indent=4)


def risk_line(risk: Json) -> str:
    """The risk of a signature with its reasons."""
    return f"Risk: {risk['level']} ({risk['consequence'].replace('_', ' ')}). {' '.join(risk['because'])}"


def signatures(checkpoint: WorkCheckpoint) -> str:
    """Such as `1 of 2 signatures: Ada. It waits for another person.`"""
    needed = signing_of(checkpoint.packet).quorum
    there = ", ".join(one_line(v["name"], 60) for v in checkpoint.votes) or "none yet"
    missing = needed - len(checkpoint.votes)
    waits = "It waits for another person." if missing == 1 else f"It waits for {missing} people."
    counted = f"{len(checkpoint.votes)} of {needed} signature{'s' if needed > 1 else ''}"
    return f"{counted}: {there}. {waits if missing > 0 else ''}".strip()


def barred(signing: Signing, names: Mapping[UUID, str]) -> str:
    """Who may not sign, and why."""
    who = [one_line(names.get(UUID(b)) or b, 60) for b in signing.barred]
    return f" Not by {', '.join(who)}, who asked for it or edited it." if who else ""


def held(checkpoint: WorkCheckpoint) -> str | None:
    """Which decision was made and can still be taken back, by whom and until when; None when there is none."""
    decision = held_decision(checkpoint.status, checkpoint.approve_pending, checkpoint.decision)
    if decision is None:
        return None
    until = "" if checkpoint.undo_until is None else f" at {at(checkpoint.undo_until)}"
    name = one_line((checkpoint.decision or {}).get("name") or "somebody", 60)
    return f"{decision.value.replace('_', ' ')} by {name}, which takes effect{until} unless it is taken back"


DECISIONS = {"approve": "approval", "reject": "rejection", "request_changes": "request for changes"}


async def void(tx: Tx, out: Out, checkpoint: WorkCheckpoint) -> None:
    """Says whose decision came to nothing here, so that nobody takes for decided what still waits."""
    found = await void_decision(tx, checkpoint)
    if found is None:
        return
    whose = f"The {DECISIONS[found['decision']]} of {one_line(found['name'] or 'somebody', 120)}"
    out.line(f"{whose} did not take effect. {found['why']} Look at it again and decide anew.", "yellow")


def around(item: Json, *, votes: bool = True) -> str:
    """Whose it is, how many have signed, until when, and who looks: a line of a list."""
    parts = [f"for {one_line(item['assignee']['name'], 60)}"] if item["assignee"] else []
    if votes and item["signing"]["quorum"] > 1:
        parts.append(f"{len(item['votes'])} of {item['signing']['quorum']} signatures")
    for word, name in (("due", "due_at"), ("expires", "expires_at"), ("snoozed until", "snoozed_until")):
        if item[name]:
            parts.append(f"{word} {moment(item[name])}")
    now = datetime.now(UTC)
    parts += [
        f"{one_line(look['name'] or 'somebody', 60)} looks at it now"
        for look in item["lookers"]
        if datetime.fromisoformat(look["until"]) > now
    ]
    return ", ".join(parts)


def moment(at: str) -> str:
    """A time of the API for people."""
    return f"{at[:16].replace('T', ' ')} UTC"


def said(comments: Sequence[Json], body: Json) -> list[str]:
    """Comments, a line each, with the number of the claim that each is about."""
    numbers = {c["id"]: c["n"] for a in body["artifacts"] for c in a["claims"]}
    lines: list[str] = []
    for one in comments:
        about = f", on claim {numbers[one['claim_id']]}" if one["claim_id"] in numbers else ""
        who = one_line(one["by"]["name"] or "somebody", 60)
        lines.append(f"{who}, {moment(one['at'])}{about}: {one_line(one['text'], 1000)}")
    return lines


def take_back(out: Out, row: WorkSession) -> None:
    """What to type while what was decided can be taken back."""
    out.line(f"proofroom withdraw {short(row.id)}    take it back")


def next_steps(out: Out, row: WorkSession, *, waiting: bool) -> None:
    """What to type next."""
    name = short(row.id)
    if waiting:
        out.line(f"proofroom review {name}                      everything that a signature would cover")
        out.line(f"proofroom approve {name}                     sign exactly that, and go on")
        out.line(f'proofroom request-changes {name} "COMMENT"   send it back')
        out.line(f"proofroom reject {name} --reason REASON      end it")
    elif row.status == "failed" and row.failure is not None and row.failure.get("retryable"):
        out.line(f"proofroom retry {name}    try again where it stopped")
    elif external.is_driven(row) and row.status not in ("completed", "failed", "cancelled"):
        path = f"/api/projects/{row.project_id}/work-sessions/{row.id}"
        out.line("proofroom up                       the server that your agent talks to")
        if row.status == "initialized":
            out.line(f"POST {path}/execute               starts it")
        out.line(f"GET  {path}/decisions?wait=60     says when it is its turn, and in which leg")
        out.line(f"GET  {path}/agent-turn            what it is given")
        out.line(f"POST {path}/agent-events          what it does")


def session_line(out: Out, item: Json) -> None:
    """A session on two lines of a list."""
    style = STYLES.get(str(item["status"]), "")
    status = str(item["status"]).replace("_", " ").ljust(15)
    out.line(f"{short(item['id'])}  {status} {one_line(item['title'], 90)}", style)
    since = str(item["created_at"])[:16].replace("T", " ")
    out.line(
        f"{item['agent_type']} in {one_line(item['project_name'], 60)}, {since}"
        + (f", {one_line(item['failure']['message'], 200)}" if item.get("failure") else "")
        + (f", {_held(item['held'])}" if item.get("held") else ""),
        "dim",
        indent=14,
    )


def _held(said: Json) -> str:
    return f"{DECISIONS[said['decision']]} by {one_line(said['name'] or 'somebody', 60)}, held until {said['until']}"


def outcome(out: Out, row: WorkSession, deliveries: Sequence[Json], *, voted: bool = False) -> None:
    """How a session stands after something was done, and what was written. `voted`: others sign next."""
    match row.status:
        case "pending_review":
            out.line("It waits for others." if voted else "It waits for you.", "yellow")
        case "completed":
            out.line("Completed.", "green")
        case "failed":
            failure = row.failure or {}
            out.line(f"Failed: {failure.get('message', '')} [{failure.get('code', '')}]", "red")
        case _ if external.is_its_turn(row) or (row.status == "initialized" and external.is_driven(row)):
            out.line("It waits for your own agent, which drives it over HTTP.", "yellow")
        case other:
            out.line(f"It is {other.replace('_', ' ')}.")
    for delivery in deliveries:
        if delivery["status"] == "delivered":
            for file in delivery["files"]:
                out.line(f"Wrote {delivery['path']}/{file}", "green")
        else:
            out.line(
                f"Not written to {delivery['path']}: {delivery['status']}. {delivery['detail'] or ''}", "red"
            )
