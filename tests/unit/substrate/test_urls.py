"""URLs: what is refused before anybody is asked, and what a server may not lead to."""

import asyncio
import contextlib
import gzip
import ipaddress
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from proofroom.domain.errors import InvalidInput, ProofroomError, TooLarge, Unavailable
from proofroom.substrate.urls import MAX_REDIRECTS, USER_AGENT, Policy, check, fetch, is_public


@dataclass
class Server:
    """A real HTTP server on the loopback that answers from a table and keeps what it was asked."""

    answers: dict[str, bytes]
    asked: list[str] = field(default_factory=list)
    port: int = 0
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A task is known from when its connection stands, not from when it first runs: a client may go before that."""
        self.tasks.add(asyncio.create_task(self.handle(reader, writer)))

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(
            ConnectionError, EOFError
        ):  # a client that has seen enough goes, or asks nothing
            try:
                request = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.asked.append(request)
                path = request.split(" ")[1]
                if path == "/hang":
                    await reader.read()
                elif path == "/slow":  # a part of what it announces, and then nothing more
                    writer.write(ok(b"Words.").replace(b"Length: 6", b"Length: 600"))
                    await reader.read()
                else:
                    writer.write(
                        self.answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                    )
                    await writer.drain()
            finally:
                writer.close()
                await writer.wait_closed()

    def policy(self, **given: object) -> Policy:
        async def resolve(host: str, port: int) -> Sequence[str]:
            return (
                ["127.0.0.1"] if host == "example.org" else ["10.0.0.1"] if host == "inside.example" else []
            )

        return Policy(resolve=resolve, allowed=frozenset({"127.0.0.1"}), **given)  # pyright: ignore[reportArgumentType]

    def url(self, path: str) -> str:
        return f"http://example.org:{self.port}{path}"


@asynccontextmanager
async def serving(**answers: bytes) -> AsyncGenerator[Server]:
    server = Server({f"/{name}": answer for name, answer in answers.items()})
    listening = await asyncio.start_server(server.accept, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()
        await asyncio.gather(*server.tasks)


def ok(body: bytes, *headers: str) -> bytes:
    lines = [
        "HTTP/1.1 200 OK",
        f"Content-Length: {len(body)}",
        "Content-Type: text/html; charset=utf-8",
        *headers,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def to(url: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/a", "file:///etc/passwd", "javascript:alert(1)", "gopher://example.org", "example.org", "",
        "http://", "http:///path", "http://user@example.org", "http://user:secret@example.org", "http://example.org:0",
        "http://example.org:99999", "http://exa mple.org", "http://example.org\\@10.0.0.1", "http://example.org/\n",
        "http://localhost", "http://LOCALHOST.", "http://a.localhost", "http://printer.local", "http://db.internal",
        "http://metadata.google.internal/", "http://127.0.0.1", "http://127.1", "http://2130706433", "http://0x7f000001",
        "http://0177.0.0.1", "http://0", "http://10.0.0.1", "http://172.16.0.1", "http://192.168.1.1",
        "http://169.254.169.254/latest/meta-data", "http://100.64.0.1", "http://192.0.0.1", "http://198.18.0.1",
        "http://224.0.0.1", "http://240.0.0.1", "http://255.255.255.255", "http://168.63.129.16", "http://999.1.1.1",
        "http://[::1]", "http://[::]", "http://[fe80::1]", "http://[fc00::1]", "http://[fd00:ec2::254]", "http://[ff02::1]",
        "http://[::ffff:127.0.0.1]", "http://[::ffff:a9fe:a9fe]", "http://[64:ff9b::7f00:1]", "http://[64:ff9b:1::a00:1]",
        "http://[::ffff:0:7f00:1]", "http://[64:ff9b:1:7f00:1::]", "http://[4000::1]", "http://[2001:0:7f00:1::]",
        "http://[2002:7f00:1::]", "http://[::7f00:1]", "http://[2001:db8::1]", "http://[fe80::1%25eth0]", "http://[",
        "http://" + "a" * 3_000,
    ],
)  # fmt: skip
def test_refused_before_anybody_is_asked(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(url)
    assert (caught.value.code, caught.value.field) == ("url_not_allowed", "url")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org", "http://example.org:8080/a?b=c#d", "https://www.bücher.example/", "http://8.8.8.8/",
        "https://[2606:4700:4700::1111]/", "http://[64:ff9b::808:808]/", "https://local.example.org/",
    ],
)  # fmt: skip
def test_public_addresses_are_allowed(url: str) -> None:
    assert check(url).hostname


def test_every_address_of_the_private_ranges_is_refused() -> None:
    for net in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    ):
        network = ipaddress.ip_network(net)
        assert not is_public(network[0])
        assert not is_public(network[-1])


async def test_a_page_is_fetched_with_an_honest_name_and_nothing_else() -> None:
    async with serving(page=ok(b"<p>Words.</p>", "Set-Cookie: a=b")) as server:
        found = await fetch(server.url("/page"), server.policy())
        again = await fetch(server.url("/page"), server.policy())
    assert (found.data, found.content_type) == (b"<p>Words.</p>", "text/html; charset=utf-8")
    assert (found.final_url, found.filename) == (server.url("/page"), "page")
    assert again.data == found.data
    for request in server.asked:
        lowered = request.lower()
        assert f"host: example.org:{server.port}" in lowered
        assert f"user-agent: {USER_AGENT}".lower() in lowered
        assert "cookie" not in lowered
        assert "authorization" not in lowered


async def test_redirects_are_followed_and_each_is_checked() -> None:
    async with serving(end=ok(b"There."), start=to("/end"), inside=to("http://10.1.2.3/secret")) as server:
        server.answers["/loop"] = to("/loop")
        server.answers["/name"] = to("http://inside.example/")
        server.answers["/scheme"] = to("file:///etc/passwd")
        server.answers["/broken"] = to("http://[::1")
        assert (await fetch(server.url("/start"), server.policy())).final_url == server.url("/end")
        for path in ("/inside", "/name", "/scheme", "/broken"):
            with pytest.raises(InvalidInput) as refused:
                await fetch(server.url(path), server.policy())
            assert refused.value.code == "url_not_allowed"
        server.asked.clear()
        with pytest.raises(Unavailable) as looping:
            await fetch(server.url("/loop"), server.policy())
    assert looping.value.code == "url_unreachable"
    assert len(server.asked) == MAX_REDIRECTS + 1


async def test_one_private_address_among_public_ones_is_enough() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["93.184.215.14", "127.0.0.1"]

    with pytest.raises(InvalidInput) as caught:
        await fetch("http://example.org/", Policy(resolve=resolve))
    assert caught.value.code == "url_not_allowed"


async def test_a_name_whose_address_changes_is_asked_for_once() -> None:
    """Rebinding: the address that was checked is the one that is used."""
    asked: list[str] = []

    async with serving(page=ok(b"Words.")) as server:

        async def resolve(host: str, port: int) -> Sequence[str]:
            asked.append(host)
            return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

        policy = Policy(resolve=resolve, allowed=frozenset({"127.0.0.1"}))
        assert (await fetch(server.url("/page"), policy)).data == b"Words."
    assert asked == ["example.org"]


async def test_size_and_time_are_limited() -> None:
    bomb = gzip.compress(b"0" * 5_000_000)
    async with serving(
        large=ok(b"x" * 2_000),
        bomb=ok(bomb, "Content-Encoding: gzip"),
        endless=b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * 2_000,
    ) as server:
        for path in ("/large", "/bomb", "/endless"):
            with pytest.raises(TooLarge) as caught:
                await fetch(server.url(path), server.policy(max_bytes=1_000 if path != "/bomb" else 100_000))
            assert caught.value.code == "url_too_large"
        for path in ("/hang", "/slow"):
            with pytest.raises(Unavailable) as late:
                await fetch(server.url(path), server.policy(seconds=0.2))
            assert late.value.code == "url_unreachable"


async def test_compression_within_compression_is_refused_unopened() -> None:
    bomb = gzip.compress(gzip.compress(b"0" * 5_000_000))
    async with serving(
        bomb=ok(bomb, "Content-Encoding: gzip, gzip"), odd=ok(b"x", "Content-Encoding: br")
    ) as server:
        for path in ("/bomb", "/odd"):
            with pytest.raises(ProofroomError) as caught:
                await fetch(server.url(path), server.policy())
            assert caught.value.code == "url_failed"


async def test_an_address_that_takes_no_connection_is_passed_over() -> None:
    async with serving(page=ok(b"Words.")) as server:

        async def resolve(host: str, port: int) -> Sequence[str]:
            return ["127.0.0.9", "127.0.0.1"]

        policy = Policy(resolve=resolve, allowed=frozenset({"127.0.0.1", "127.0.0.9"}))
        assert (await fetch(server.url("/page"), policy)).data == b"Words."


async def test_how_much_is_there_is_told() -> None:
    heard: list[tuple[int, int | None, str]] = []

    async with serving(
        page=ok(b"x" * 70_000), packed=ok(gzip.compress(b"Words."), "Content-Encoding: gzip")
    ) as server:
        await fetch(server.url("/page"), server.policy(), report=lambda *said: heard.append(said))
        assert heard[-1] == (70_000, 70_000, "bytes")
        assert [done for done, _, _ in heard] == sorted(done for done, _, _ in heard)
        await fetch(server.url("/packed"), server.policy(), report=lambda *said: heard.append(said))
    assert heard[-1] == (6, None, "bytes")


async def test_what_a_server_answers_is_said() -> None:
    async with serving(
        cut=b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", junk=b"not http\r\n\r\n"
    ) as server:
        with pytest.raises(ProofroomError, match="answered 404 Not Found") as gone:
            await fetch(server.url("/gone"), server.policy())
        assert gone.value.code == "url_failed"
        for path in ("/cut", "/junk"):
            with pytest.raises(Unavailable) as broken:
                await fetch(server.url(path), server.policy())
            assert broken.value.code == "url_unreachable"
        with pytest.raises(Unavailable) as unknown:
            await fetch("http://unknown.example/", server.policy())
        assert unknown.value.code == "url_unreachable"
    with pytest.raises(Unavailable) as closed:
        await fetch(server.url("/page"), server.policy())
    assert closed.value.code == "url_unreachable"
