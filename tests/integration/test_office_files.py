"""Office files through the capture job and its parser process: bad ones beside good ones, and a report."""

import csv
import io
from importlib import import_module, resources
from typing import Any

import xlsxwriter
from sqlalchemy import select

from proofroom.db.models import ArtifactVersion
from proofroom.domain.document import Table, from_json
from proofroom.services import sources, work_requests
from proofroom.services.work_requests import NewWork
from tests.integration.rooms import Room
from tests.unit.substrate.offices import docx_members, sheet_rows, words, xlsx_members, zipped
from tests.unit.substrate.test_archives import LAUGHS, flat_bomb, lying_bomb
from tests.unit.substrate.test_email import message

pd: Any = import_module("pandas")  # it carries no types of its own
ENERGY = resources.files("proofroom").joinpath("samples/electricity/us-renewable-generation-upto-2023.csv")
MEASURE = "net_generation_thousand_mwh"


async def capture(room: Room, data: bytes, name: str) -> Any:
    async with room.db.transaction(room.actor.workspace_id) as tx:
        row = await sources.add_source(tx, room.project_id, data=data, filename=name)
    return await sources.capture_now(room.db, room.actor.workspace_id, row.id)


def workbook() -> bytes:
    """The sample table as a workbook: figures with thousands separators on the second of three sheets."""
    rows = list(csv.reader(io.StringIO(ENERGY.read_text(encoding="utf-8"))))
    out = io.BytesIO()
    book: Any = xlsxwriter.Workbook(out)
    book.add_worksheet("About").write(0, 0, "Net generation, from the agency.")
    sheet = book.add_worksheet("Generation")
    style = book.add_format({"num_format": "#,##0"})
    sheet.write(0, 0, "Renewable generation")
    sheet.write_row(2, 0, rows[0])
    figures = [name == MEASURE for name in rows[0]]
    for n, row in enumerate(rows[1:], 3):
        for at, cell in enumerate(row):
            if figures[at]:
                sheet.write_number(n, at, float(cell), style)
            elif cell.isdigit():
                sheet.write_number(n, at, int(cell))
            else:
                sheet.write_string(n, at, cell)
    book.close()
    return out.getvalue()


async def test_bad_files_fail_with_their_codes_and_good_ones_beside_them_are_ready(room: Room) -> None:
    good = docx_members(words("Some words that can be read."))
    mail = message("The words of a message.")
    mail.add_attachment(lying_bomb(), maintype="application", subtype="zip", filename="bomb.docx")
    mail.add_attachment(zipped(good), maintype="application", subtype="zip", filename="good.docx")
    sheet = xlsx_members({"A": sheet_rows(["a", "b"], ["x", 1])})
    files: list[tuple[bytes, str, str]] = [
        (flat_bomb(), "bomb.docx", "unsafe_file"),
        (zipped(good | {"word/document.xml": LAUGHS}), "laughs.docx", "unsafe_file"),
        (zipped(sheet | {"../../x": b"x"}), "outside.xlsx", "unsafe_file"),
        (zipped(good)[:-200], "cut.docx", "unreadable_file"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "locked.xlsx",
            "encrypted_file",
        ),
        (zipped({"a.txt": b"x"}), "a.zip", "unsupported_type"),
        (zipped(good), "good.pdf", ""),
        (zipped(sheet), "good.xlsx", ""),
        (mail.as_bytes(), "mail.eml", ""),
    ]
    for data, name, code in files:
        row = await capture(room, data, name)
        assert (row.status, (row.failure or {}).get("code", "")) == ("failed" if code else "ready", code), (
            name
        )
        if code:
            assert row.failure["hint"]
        elif name == "good.pdf":
            assert "a Word document" in row.notes[0]
        elif name == "mail.eml":
            assert row.notes[0].startswith("The attachment “bomb.docx” was left out.")
            async with room.db.transaction(room.actor.workspace_id) as tx:
                assert "Some words that can be read." in (await sources.content(tx, row.id))["text"]


async def test_a_report_on_a_workbook_equals_what_pandas_computes(room: Room) -> None:
    source = await capture(room, workbook(), "generation.xlsx")
    async with room.db.transaction(room.actor.workspace_id) as tx:
        content = await sources.content(tx, source.id)
        (table,) = content["tables"]
        assert [page["page"] for page in content["pages"]] == [1, 2]
        assert {b["page"] for b in content["blocks"] if b["kind"] == "table_row"} == {2}
        assert dict(zip(table["columns"], table["types"], strict=True))[MEASURE] == "number"
        work = NewWork(
            "reporting",
            "US renewable electricity in 2023",
            runtime="extractive",
            config={"detail": "full"},
            auto_execute=True,
        )
        row = await work_requests.create(tx, room.actor, room.parts.catalog, room.project_id, work)
    assert (await room.drive(row.id)).status == "pending_review"
    async with room.db.transaction(room.actor.workspace_id) as tx:
        found = await tx.execute(select(ArtifactVersion.document).where(ArtifactVersion.session_id == row.id))
        report = from_json(found.scalars().one())
    by_year = pd.read_csv(io.StringIO(ENERGY.read_text(encoding="utf-8"))).groupby("year")[MEASURE].sum()
    shown = next(b for b in report.blocks if isinstance(b, Table) and "the latest first" in (b.caption or ""))
    assert {row[0]: row[1] for row in shown.rows} == {
        str(year): f"{total:,}" for year, total in by_year.items()
    }
