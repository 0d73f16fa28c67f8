"""`python -m compose.bare`: the commands behind the Makefile."""

import argparse
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

from compose.bare.postgresql import remove_data
from compose.bare.processes import INTERRUPTING, end_leftovers
from compose.bare.progress import UserError, require_plain_path
from compose.bare.services import with_services
from compose.bare.state import ROOT, State


def main() -> int:
    for number in INTERRUPTING:
        signal.signal(number, interrupt)
    arguments = parser().parse_args()
    state = State(Path(os.environ.get("STATE_DIR") or ROOT / ".run"))
    try:
        require_plain_path(state.folder)
        return int(arguments.function(arguments, state))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1


def interrupt(number: int, _frame: FrameType | None) -> None:
    # The first Ctrl-C begins an orderly shutdown. A second one must not interrupt it.
    for each in INTERRUPTING:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt(number)


def run(_arguments: argparse.Namespace, state: State) -> int:
    from compose.bare.stack import Stack  # imported here, because only this command needs the product

    state.create()
    with state.alone(), suppress(KeyboardInterrupt):
        Stack(state).run()
    return 0


def city(arguments: argparse.Namespace, state: State) -> int:
    """Simulated riders in the stack that runs, or in one that this starts and ends."""
    command = ["python", "manage.py", "simulate", *arguments.options]
    if state.is_running():
        return inside(argparse.Namespace(command=command), state)

    from compose.bare.stack import Stack  # as above

    state.create()
    with state.alone(), suppress(KeyboardInterrupt):
        Stack(state).run(beside=command)
    return 0


def services(arguments: argparse.Namespace, _state: State) -> int:
    try:
        return with_services(arguments.command, is_durable=arguments.durable)
    except KeyboardInterrupt as interruption:
        return 128 + int(interruption.args[0])


def inside(arguments: argparse.Namespace, state: State) -> int:
    # The password of `createsuperuser --noinput` is no argument, which every process could read.
    given = {name: value for name, value in os.environ.items() if name.startswith("DJANGO_SUPERUSER_")}
    environment = state.published() | given
    program = shutil.which(arguments.command[0], path=environment["PATH"])
    if program is None:
        raise UserError(f"{arguments.command[0]}: not found.")
    for number in INTERRUPTING:
        signal.signal(number, signal.SIG_DFL)
    os.execve(program, arguments.command, environment)  # noqa: S606 - the developer says what to run


def clean(arguments: argparse.Namespace, state: State) -> int:
    if not state.folder.exists():
        return 0
    with state.alone():
        if not (arguments.yes or confirmed(state)):
            raise UserError("Nothing was removed. YES=1 skips the question.")
        end_leftovers(state)
        remove_data(state)
    return 0


def confirmed(state: State) -> bool:
    if not sys.stdin.isatty():
        return False
    return input(f"Remove {state.folder} with the demo database in it? [y/N] ").strip().lower() == "y"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m compose.bare", description="The stack on a bare machine.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("run", help="start everything and run until Ctrl-C")
    command.set_defaults(function=run)
    command = commands.add_parser("city", help="let simulated riders use the stack until Ctrl-C; start it if need be")
    command.add_argument("options", nargs="*", metavar="OPTION", help="of manage.py simulate")
    command.set_defaults(function=city)
    command = commands.add_parser("with-services", help="run a command with temporary servers and return its exit code")
    command.add_argument("--durable", action="store_true", help="write to disk as production does (fsync)")
    command.add_argument("command", nargs="+", metavar="COMMAND")
    command.set_defaults(function=services)
    command = commands.add_parser("inside", help="run a command in the running stack's environment")
    command.add_argument("command", nargs="+", metavar="COMMAND")
    command.set_defaults(function=inside)
    command = commands.add_parser("clean", help="remove the kept data")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.set_defaults(function=clean)
    return top


if __name__ == "__main__":
    sys.exit(main())
