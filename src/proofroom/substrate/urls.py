"""Fetching a page that somebody named, without being led to where only this machine can go.

A name is resolved once, every address is checked, and the connection goes to the checked address (resolve and
pin), so that a name whose address changes between check and use (rebinding) gains nothing. Redirects are
followed by hand and checked the same way. No cookies, no credentials, no proxy from the environment.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import SplitResult, unquote, urljoin, urlsplit, urlunsplit

import httpx

from proofroom.domain.errors import InvalidInput, ProofroomError, TooLarge, Unavailable

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
Report: TypeAlias = Callable[[int, int | None, str], None]

USER_AGENT = "Proofroom/0.1 (source capture, asked for by a person)"
MAX_REDIRECTS = 5
MAX_ADDRESSES = 4
_CODINGS = ("", "identity", "gzip", "x-gzip", "deflate")
_LOCAL_NAMES = re.compile(
    r"(?:.*\.)?(?:localhost|local|internal|intranet|lan|home|corp|home\.arpa|localdomain|onion)\.?",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+)){0,3}\.?", re.IGNORECASE)
# What the address classes of the standard library leave open, by purpose.
_REFUSED = tuple(
    ipaddress.ip_network(net)
    for net in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT (RFC 6598)
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "168.63.129.16/32",  # a cloud's metadata service on a public address
        "100::/64",
        "fec0::/10",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL = ipaddress.IPv6Network("2000::/3")  # all that the internet's registries hand out
_6TO4 = ipaddress.IPv6Network("2002::/16")


def _unheard(done: int, total: int | None, unit: str) -> None:
    """A Report for which nobody waits."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a URL held. `filename` is the last part of its path, a label."""

    data: bytes
    content_type: str | None
    final_url: str
    filename: str | None


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits of a fetch. `resolve` and `allowed` are for tests: a resolver, and addresses let through by
    name.
    """

    max_bytes: int = 100 * 1024 * 1024
    seconds: float = 60.0
    connect_seconds: float = 10.0
    resolve: Resolver | None = None
    allowed: frozenset[str] = frozenset()


def check(url: str) -> SplitResult:
    """What can be said about a URL without asking anybody. Raises InvalidInput (`url_not_allowed`)."""
    if len(url) > 2_048 or any(ord(sign) < 33 or ord(sign) == 127 for sign in url) or "\\" in url:
        raise _refused("It holds characters that no web address has, or is too long.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused("It is not a web address.") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise _refused("Only http and https addresses can be fetched.")
    if parts.username is not None or parts.password is not None:
        raise _refused("It holds a user name or password.")
    host = parts.hostname
    if not host:
        raise _refused("It names no server.")
    if port == 0:
        raise _refused("Its port is not one.")
    if _LOCAL_NAMES.fullmatch(host) or "%" in host:
        raise _refused(f"{host} is a name of this machine or of a private network.")
    literal = _literal(host)
    if literal is not None and not is_public(literal):
        raise _refused(f"{host} is not a public address.")
    return parts


def is_public(address: Address) -> bool:
    """Whether an address is on the public internet; addresses that carry another (mapped, NAT64, 6to4)
    count as that.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inside(address)
        if inner is not None:
            return is_public(inner)
        if address not in _GLOBAL:
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address.version == net.version and address in net for net in _REFUSED)
    )


def _inside(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64 or int(address) >> 32 == 0:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address in _6TO4:
        return ipaddress.IPv4Address((int(address) >> 80) & 0xFFFFFFFF)
    return None


def _literal(host: str) -> Address | None:
    """The address that a host is written as: also `2130706433`, `0x7f.1` and `127.1`, which programs
    accept.
    """
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        pass
    if _NUMBERS.fullmatch(host):
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
        except OSError:
            return ipaddress.IPv4Address("0.0.0.0")  # noqa: S104  a number that is no address: refused
    return None


async def fetch(url: str, policy: Policy = Policy(), *, report: Report = _unheard) -> Fetched:
    """Gets a URL, following at most five redirects. `report` hears how many bytes of how many are there.

    Raises InvalidInput (`url_not_allowed`), TooLarge (`url_too_large`), Unavailable (`url_unreachable`) and
    ProofroomError (`url_failed`, with the server's answer).
    """
    try:
        async with asyncio.timeout(policy.seconds):
            return await _follow(url, policy, report)
    except TimeoutError as error:
        raise _unreachable(url, f"did not answer completely within {policy.seconds:.0f} seconds") from error
    except httpx.TooManyRedirects as error:
        raise _unreachable(url, f"leads on more than {MAX_REDIRECTS} times") from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
        raise _unreachable(url, f"could not be reached ({type(error).__name__})") from error


async def _follow(url: str, policy: Policy, report: Report) -> Fetched:
    for _ in range(MAX_REDIRECTS + 1):
        parts = check(url) if not policy.allowed else _lenient(url, policy)
        answer = await _first_answer(parts, await _resolve(parts, policy), policy, report)
        if isinstance(answer, Fetched):
            return answer
        try:
            url = urljoin(url, answer)
        except ValueError:
            raise _refused("It leads on to something that is not a web address.") from None
    raise httpx.TooManyRedirects("too many redirects")


async def _first_answer(
    parts: SplitResult, addresses: Sequence[str], policy: Policy, report: Report
) -> Fetched | str:
    """The answer of the first address that takes the connection: a name may have some that lead nowhere."""
    for address in addresses[:-1]:
        try:
            return await _get(parts, address, policy, report)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
    return await _get(parts, addresses[-1], policy, report)


def _lenient(url: str, policy: Policy) -> SplitResult:
    parts = urlsplit(url)
    return parts if parts.hostname in policy.allowed else check(url)


async def _resolve(parts: SplitResult, policy: Policy) -> Sequence[str]:
    """The addresses of the host, in the resolver's order, at most four."""
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = await (policy.resolve or _system_resolver)(host, port)
    except (OSError, UnicodeError) as error:
        raise _unreachable(host, "has no address that is known here") from error
    if not found:
        raise _unreachable(host, "has no address that is known here")
    for address in found:  # one bad address among good ones is reason enough
        if address not in policy.allowed and not is_public(ipaddress.ip_address(address.partition("%")[0])):
            raise _refused(f"{host} leads to an address that is not public.")
    return list(dict.fromkeys(found))[:MAX_ADDRESSES]


async def _system_resolver(host: str, port: int) -> Sequence[str]:
    infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(info[4][0]) for info in infos]


async def _get(parts: SplitResult, address: str, policy: Policy, report: Report) -> Fetched | str:
    """The content, or where the answer redirects to. The connection goes to `address`, Host and TLS name
    the host.
    """
    host = parts.hostname or ""
    bracketed = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port else ""
    target = urlunsplit((parts.scheme, bracketed + port, parts.path or "/", parts.query, ""))
    named = f"[{host}]" if ":" in host else host.encode("idna").decode() if not host.isascii() else host
    request = httpx.Request(
        "GET",
        target,
        headers={
            "Host": named + port,
            "User-Agent": USER_AGENT,
            "Accept": "text/html, application/xhtml+xml, application/pdf, text/*;q=0.9, */*;q=0.5",
            "Accept-Encoding": "gzip, deflate",
        },
        extensions={
            "sni_hostname": named,
            "timeout": httpx.Timeout(policy.seconds, connect=policy.connect_seconds).as_dict(),
        },
    )
    async with httpx.AsyncHTTPTransport(trust_env=False) as transport:
        response = await transport.handle_async_request(request)
        response.request = request
        try:
            if response.has_redirect_location:
                return response.headers["location"]
            if response.status_code != 200:
                raise ProofroomError(
                    "url_failed",
                    f"{urlunsplit(parts)} answered {response.status_code} {response.reason_phrase}.".replace(
                        " .", "."
                    ),
                    "Open it in a browser; if it needs a login, save the page and add the file.",
                )
            data = await _body(response, policy, report)
        finally:
            await response.aclose()
    final = urlunsplit(parts)
    name = unquote(parts.path.rpartition("/")[2])[:200] or None
    return Fetched(data, response.headers.get("content-type"), final, name)


async def _body(response: httpx.Response, policy: Policy, report: Report) -> bytes:
    coding = response.headers.get("content-encoding", "").strip().lower()
    if coding not in _CODINGS:  # several within each other grow a thousandfold each, before anybody can count
        raise ProofroomError(
            "url_failed",
            f"{response.request.headers['host']} sent the page compressed in a way that was not asked for"
            f" ({coding[:40]}).",
            "Open it in a browser, save it and add the file.",
        )
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > policy.max_bytes:
        raise _too_large(policy)
    total = int(announced) if announced.isdigit() and coding in ("", "identity") else None
    parts = bytearray()
    async for part in response.aiter_bytes(65_536):  # decompressed: a bomb counts as what it becomes
        parts += part
        if len(parts) > policy.max_bytes:
            raise _too_large(policy)
        report(len(parts), total, "bytes")
    return bytes(parts)


def _too_large(policy: Policy) -> TooLarge:
    return TooLarge(
        "url_too_large",
        f"The page holds more than {policy.max_bytes:,} bytes.",
        "Save the part that matters and add that file.",
    )


def _refused(why: str) -> InvalidInput:
    return InvalidInput(
        "url_not_allowed",
        f"This address is not fetched. {why}",
        "Use a public http or https address.",
        field="url",
    )


def _unreachable(what: str, why: str) -> Unavailable:
    return Unavailable(
        "url_unreachable", f"{what} {why}.", "Check the address and try again, or save the page and add it."
    )
