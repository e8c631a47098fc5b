"""The program of commands, and what becomes of an error that none of them met itself."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from proofroom.cli import (
    admin,
    agents,
    backup,
    compare,
    contradictions,
    deliveries,
    doctor,
    envelope,
    export,
    memory,
    people,
    policy,
    review,
    serve,
    sources,
    steer,
    verify,
    work,
)
from proofroom.cli.output import FAILED, WRONG_USE, make_out, report, show_error
from proofroom.domain.errors import ProofroomError

app = typer.Typer(
    name="proofroom",
    help="Supervised agent work: evidence for every claim, and a signature over exactly what was seen.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"proofroom {version('proofroom')}")
        raise typer.Exit


@app.callback()
def _root(  # pyright: ignore[reportUnusedFunction]
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


for part in (
    serve, work, review, compare, people, steer, sources, contradictions, doctor, envelope, export, verify, backup,
):  # fmt: skip
    part.register(app)
app.add_typer(sources.group, name="source")
app.add_typer(agents.group, name="agent")
app.add_typer(memory.group, name="memory")
app.add_typer(deliveries.group, name="deliveries")
app.add_typer(policy.group, name="policy")
app.add_typer(admin.group, name="admin")


def run_app(words: Sequence[str]) -> int:
    """Runs one command line and answers its exit code."""
    try:
        code = app(words, prog_name="proofroom", standalone_mode=False)
        sys.stdout.flush()
    except TyperException as error:
        context = getattr(error, "ctx", None)
        command = "proofroom" if context is None else context.command_path
        out = make_out("--json" in words)
        if error.format_message():
            show_error(out, "usage", error.format_message(), f"`{command} --help` shows how it is used.")
        code = WRONG_USE
    except ProofroomError as error:
        code = report(make_out("--json" in words), error)
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = FAILED
    except typer.Abort:
        code = 130
    return code if isinstance(code, int) else 0
