"""The command group: its commands, loaded when they are called for, and how errors end."""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import TYPE_CHECKING

import click

from dualtrack import __version__
from dualtrack.errors import DualtrackError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMMANDS", "INTERRUPTED", "main"]

COMMANDS: dict[str, str] = {
    "account": "accounts",
    "api-key": "accounts",
    "apps": "apps",
    "assess": "verdicts",
    "backup": "care",
    "decisions": "decisions",
    "declare": "facts",
    "demo": "demo",
    "doctor": "care",
    "erase": "erase",
    "evidence": "evidence",
    "explain": "explain",
    "export": "formats",
    "hold": "running",
    "import": "inventory",
    "init": "setup",
    "key": "keys",
    "ledger": "ledger",
    "measure": "measure",
    "measures": "measures",
    "mlflow": "formats",
    "model": "decisions",
    "monitor": "monitor",
    "notice": "exchange",
    "observe": "running",
    "permit": "verdicts",
    "plan": "plan",
    "policy": "policy",
    "price": "price",
    "prove": "verdicts",
    "recompute": "recompute",
    "release": "facts",
    "replay": "decisions",
    "research": "research",
    "report": "report",
    "restore": "care",
    "review": "reviewing",
    "rules": "rules",
    "serve": "serve",
    "service": "service",
    "standing": "running",
    "supervise": "exchange",
    "template": "facts",
    "try": "inventory",
    "witness": "ledger",
}
"""Command name to the module that holds it, as function `<name>_command`; loading one does not load the others."""


def _of_applications() -> dict[str, str]:
    """Return the commands that installed applications add, as `module:function`; one of ours is not taken from us."""
    from dualtrack.apps.registry import applications  # noqa: PLC0415 - only where no command of ours was named

    return {
        name: target
        for found in applications().values()
        for name, target in found.commands.items()
        if name not in COMMANDS
    }


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click asks for it
        return sorted({*COMMANDS, *_of_applications()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        module = COMMANDS.get(cmd_name)
        target = f"dualtrack.cli.{module}:{cmd_name.replace('-', '_')}_command" if module else None
        target = target or _of_applications().get(cmd_name)
        if target is None:
            return None
        place, _, name = target.partition(":")
        command: click.Command = getattr(importlib.import_module(place), name)
        if isinstance(command, click.Group) and command.epilog is None and command.commands:
            command.epilog = command.commands[min(command.commands)].epilog  # a group's example is its first command's
        return command


@click.group(
    cls=_Lazy, epilog="Example: dualtrack try inventory.xlsx", context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="dualtrack")
def _root() -> None:
    """Compute permits for uses of AI in Hong Kong finance.

    Start with:  dualtrack try INVENTORY.xlsx   or   dualtrack demo
    """


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line; ends the process with 0, 1 (a check failed) or 2 (bad input)."""
    arguments = list(sys.argv[1:] if args is None else args)
    try:
        result = _root.main(args=arguments, prog_name="dualtrack", standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _show_usage(error, as_json="--json" in arguments)
        sys.exit(2)
    except click.Abort as error:
        sys.exit(_stopped(error))
    except DualtrackError as error:
        _show(error, as_json="--json" in arguments)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing is left to say, not even at shutdown.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    sys.exit(result if isinstance(result, int) else 0)


def _stopped(error: click.Abort) -> int:
    """Say why a command stopped half-way; returns 130 for Ctrl-C as shells do, 2 where a question had no answer."""
    if isinstance(error.__context__, EOFError) or isinstance(error.__cause__, EOFError):
        click.echo("error: the input ended before the last question; nothing more was written", err=True)
        return 2
    click.echo("stopped; nothing more was written", err=True)
    return INTERRUPTED


INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of the signal, as shells have it."""


def _show_usage(error: click.ClickException, *, as_json: bool) -> None:
    if as_json:
        wrong = InputError(error.format_message(), where="command line", fix="see --help", code="input.usage")
        _show(wrong, as_json=True)
    else:
        error.show()


def _show(error: DualtrackError, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(error.problem(), ensure_ascii=False, indent=2))
    else:
        click.echo(f"error: {error}", err=True)
