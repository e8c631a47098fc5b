"""The guard before every ZIP archive, and so before every Office file.

Nothing in an archive is believed: members are inflated here with a counter, never by a library, and only
those that a parser asks for. Nested archives are members like others and are not opened.
"""

import contextlib
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.parsers import expat

from lxml import etree as _etree  # pyright: ignore[reportMissingTypeStubs, reportAttributeAccessIssue, reportUnknownVariableType]

from proofroom.domain.errors import InvalidInput

etree: Any = _etree  # pyright: ignore[reportUnknownVariableType]  # the library has no types

MAX_MEMBERS = 20_000
MAX_INFLATED = 512 * 1024 * 1024  # of all members together, declared and real
MAX_RATIO = 250  # real spreadsheets reach 50; deflate itself ends at about 1,030
RATIO_COUNTS_FROM = 64 * 1024 * 1024  # below that a high ratio harms nobody
MAX_DEPTH = 256  # of elements, where libxml2 stops too
_CHUNK = 1 << 20
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_BAD_NAME = re.compile(r"[\\\x00-\x1f]|^/|^[A-Za-z]:|(?:^|/)\.\.(?:/|$)")


class Archive:
    """Members of a ZIP archive by their names.

    Raises InvalidInput: `unreadable_file` (cut off or damaged), `encrypted_file`, `unsafe_file` (made to
    harm: paths that lead outside, names twice, members that overlap, more data than an honest file holds).
    """

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._left = MAX_INFLATED
        if data.count(b"PK\x01\x02") > MAX_MEMBERS:
            raise unsafe(f"It has more than {MAX_MEMBERS:,} members.")
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as listing:
                infos = listing.infolist()
                end = listing.start_dir
        except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, struct.error) as error:
            raise damaged("Its list of contents is missing: it was probably cut off on the way.") from error
        if len(infos) > MAX_MEMBERS:
            raise unsafe(f"It has more than {MAX_MEMBERS:,} members.")
        self._members: dict[str, tuple[zipfile.ZipInfo, int]] = {}
        self._check(infos, end)
        self.names = tuple(info.filename for info, _ in self._members.values() if not info.is_dir())

    def _check(self, infos: list[zipfile.ZipInfo], end: int) -> None:
        spans: list[tuple[int, int]] = []
        for info in infos:
            if _BAD_NAME.search(info.orig_filename):
                raise unsafe("A member's name leads out of the archive.")
            if info.flag_bits & _ENCRYPTED:
                raise InvalidInput(
                    "encrypted_file",
                    "The file is an archive that is protected by a password.",
                    "Remove the password and add the file again.",
                )
            key = info.filename.casefold()
            if key in self._members:
                raise unsafe("Two of its members have the same name.")
            start = self._start(info)
            spans.append((info.header_offset, start + info.compress_size))
            self._members[key] = (info, start)
        spans.sort()
        begins = [first for first, _ in spans] + [end]
        if any(last > following for (_, last), following in zip(spans, begins[1:], strict=True)):
            raise unsafe("Its members overlap.")
        total = sum(info.file_size for info in infos)
        self._bound(total, sum(info.compress_size for info in infos))

    def _start(self, info: zipfile.ZipInfo) -> int:
        """Where a member's bytes begin, from its own header."""
        head = bytes(self._data[info.header_offset : info.header_offset + _LOCAL_HEADER.size])
        if len(head) < _LOCAL_HEADER.size or not head.startswith(b"PK\x03\x04"):
            raise damaged("A member is not where the list of contents says.")
        name, extra = _LOCAL_HEADER.unpack(head)[9:]
        start = info.header_offset + _LOCAL_HEADER.size
        raw = bytes(self._data[start : start + name])
        told = raw.decode("utf-8" if info.flag_bits & 0x800 else "cp437", "replace")
        if told != info.orig_filename:
            raise damaged("A member is named otherwise than in the list of contents.")
        return start + name + extra

    def _bound(self, inflated: int, deflated: int) -> None:
        if inflated > MAX_INFLATED:
            raise unsafe(f"It would unpack to more than {MAX_INFLATED // (1024 * 1024)} MB.")
        if inflated > RATIO_COUNTS_FROM and inflated > MAX_RATIO * max(deflated, 1):
            raise unsafe(f"It would unpack to more than {MAX_RATIO} times its size.")

    def __contains__(self, name: str) -> bool:
        return name.casefold() in self._members

    def size(self, name: str) -> int:
        """The declared size of a member, 0 when there is none."""
        found = self._members.get(name.casefold())
        return found[0].file_size if found else 0

    def chunks(self, name: str) -> Iterator[bytes]:
        """A member's bytes, in pieces of at most 1 MiB."""
        found = self._members.get(name.casefold())
        if found is None:
            raise damaged(f"Its part {name[:100]} is missing.")
        info, start = found
        source = self._data[start : start + info.compress_size]
        size, check = 0, 0
        for piece in (
            _stored(source) if info.compress_type == zipfile.ZIP_STORED else self._inflate(info, source)
        ):
            size += len(piece)
            self._left -= len(piece)
            check = zlib.crc32(piece, check)
            if size > info.file_size:
                raise unsafe("A member holds more than the list of contents says.")
            self._bound(MAX_INFLATED - self._left, len(self._data))
            yield piece
        if size != info.file_size or check != info.CRC:
            raise damaged(f"Its part {name[:100]} is damaged.")

    def _inflate(self, info: zipfile.ZipInfo, source: memoryview) -> Iterator[bytes]:
        if info.compress_type != zipfile.ZIP_DEFLATED:
            raise damaged("It is compressed in a way that Office files never are.")
        inflater = zlib.decompressobj(-15)
        for at in range(0, len(source), _CHUNK):
            waiting: bytes | memoryview = source[at : at + _CHUNK]
            while waiting and not inflater.eof:
                try:
                    piece = inflater.decompress(waiting, _CHUNK)
                except zlib.error as error:
                    raise damaged(f"Its part {info.filename[:100]} is damaged.") from error
                waiting = inflater.unconsumed_tail
                if piece:
                    yield piece
        while not inflater.eof:
            piece = inflater.decompress(inflater.unconsumed_tail, _CHUNK)
            if not piece:
                break
            yield piece

    def read(self, name: str) -> bytes:
        return b"".join(self.chunks(name))

    def xml(self, name: str) -> Any:
        """The root element of an XML member; see `xml_root`."""
        return xml_root(self.read(name), name)

    def scan(
        self,
        name: str,
        start: Callable[[str, Mapping[str, str]], None],
        end: Callable[[str], None],
        text: Callable[[str], None],
    ) -> None:
        """Tells the elements of an XML member by their local names as they begin and end, without a tree.

        Raises as `xml_root`.
        """
        depth = 0

        def begins(element: str, given: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > MAX_DEPTH:
                raise too_deep(name)
            start(element[element.rfind(":") + 1 :], given)

        def ends(element: str) -> None:
            nonlocal depth
            depth -= 1
            end(element[element.rfind(":") + 1 :])

        parser = _watchful_parser(name)
        parser.buffer_text = True
        parser.StartElementHandler = begins
        parser.EndElementHandler = ends
        parser.CharacterDataHandler = text
        _feed(parser, self.chunks(name), name)


def xml_root(data: bytes, name: str) -> Any:
    """The root element of an XML document that declares no type and no entities.

    Raises InvalidInput (`unsafe_file`, `unreadable_file`, `parse_too_deep`).
    """
    refuse_declarations(iter((data,)), name)
    parser = etree.XMLParser(
        remove_comments=True,
        remove_pis=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        if "depth" in str(error).lower():
            raise too_deep(name) from error
        raise _malformed(name) from error


def too_deep(name: str) -> InvalidInput:
    return InvalidInput(
        "parse_too_deep",
        f"Its part {name[:100]} is nested too deeply to be read.",
        "Save the file in a simpler form, such as plain text or PDF.",
    )


def _malformed(name: str) -> InvalidInput:
    return damaged(f"Its part {name[:100]} is no well-formed XML.")


class _BodyReached(Exception):
    pass


def refuse_declarations(chunks: Iterator[bytes], name: str) -> None:
    """Reads an XML document up to its first element and refuses a document type, the only place where
    entities can be declared.

    Expat tells it in any encoding, and stops at the first declaration, before an entity can be used.
    """

    def element(*_: object) -> None:
        raise _BodyReached

    parser = _watchful_parser(name)
    parser.StartElementHandler = element
    with contextlib.suppress(_BodyReached):
        _feed(parser, chunks, name)


def _watchful_parser(name: str) -> expat.XMLParserType:
    """A parser that stops at the declaration of a document type or an entity."""

    def declared(*_: object) -> None:
        raise unsafe(
            f"Its part {name[:100]} declares a document type or entities, which Office files never do."
        )

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = declared
    parser.EntityDeclHandler = declared
    return parser


def _feed(parser: expat.XMLParserType, chunks: Iterator[bytes], name: str) -> None:
    try:
        for chunk in chunks:
            for at in range(0, len(chunk), 65536):
                parser.Parse(chunk[at : at + 65536], False)
        parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise _malformed(name) from error


def unsafe(why: str) -> InvalidInput:
    return InvalidInput(
        "unsafe_file",
        f"The file is not read, because it is made in a way that can do harm. {why}",
        "If you trust where it comes from, open it in the program that made it, save it anew and add that.",
    )


def damaged(why: str) -> InvalidInput:
    return InvalidInput(
        "unreadable_file",
        f"The file is damaged. {why}",
        "Fetch it again, or open it in the program that made it, save it anew and add that.",
    )


def _stored(source: memoryview) -> Iterator[bytes]:
    for at in range(0, len(source), _CHUNK):
        yield bytes(source[at : at + _CHUNK])
