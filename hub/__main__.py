"""The `hub` command. A verb's module is loaded when the verb is used, so that starting costs little."""

from __future__ import annotations

import gc
import pkgutil
import sys
from collections.abc import Mapping

import click

VERBS: Mapping[str, tuple[str, str]] = {
    "demo": (
        "hub.demo.command:demo",
        "Run a whole county here: hub, worker, database, simulated departments.",
    ),
    "serve": ("hub.commands.processes:serve", "Serve the HTTP interface."),
    "work": ("hub.commands.processes:work", "Do what must be done regularly: sweeps, probes."),
    "check": ("hub.commands.checking:check", "Check the configuration; each complaint with file, line and column."),
    "migrate": ("hub.commands.checking:migrate", "Bring the database to this release's shape."),
    "doctor": ("hub.commands.doctor:doctor", "Look at everything the hub needs, and say what to do next."),
    "services": ("hub.commands.listing:services", "List services and switch them."),
    "systems": ("hub.commands.listing:systems", "List departmental systems, switch and probe them."),
    "new": ("hub.commands.new:new", "Begin something new: the folder of a department's system."),
    "keys": ("hub.commands.keys:keys", "Look at the sealing keys, and reseal under the first of them."),
    "calendar": ("hub.commands.calendar:calendar", "Look at the working days, and write their files anew."),
    "jobs": ("hub.commands.jobs:jobs", "List jobs, try failed ones again, cancel them."),
    "filings": ("hub.commands.filings:filings", "List filings that need a person, settle them, read one's history."),
    "replay": ("hub.commands.jobs:replay", "Ask again what one call did not get (reads only)."),
    "call": ("hub.commands.call:call", "Call a service as a person of the demo, and show each leg of the way."),
    "credentials": ("hub.commands.credentials:credentials", "Check a copy of a licence with public keys only."),
    "ledger": ("hub.commands.ledger:ledger", "Verify the record of all exchanges, investigate a leak."),
    "leak": ("hub.commands.leak:leak", "Find out where leaked records may have come from."),
    "witness": ("hub.commands.witness:witness", "Cosign the checkpoints of a hub's ledger."),
    "recognition": ("hub.commands.recognition:recognition", "See and change whom this region believes, and its rules."),
    "token": ("hub.commands.call:token", "Log in as a person of the demo and print the access token."),
    "import": ("hub.commands.records:import_", "Import catalogue items from a file."),
    "resources": ("hub.commands.resources:resources", "Import the catalogue of data that departments share."),
    "export-openapi": ("hub.commands.records:export_openapi", "Print the OpenAPI document."),
}


class Verbs(click.Group):
    """A group that knows its verbs by name and loads one when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        found: click.Command = pkgutil.resolve_name(VERBS[cmd_name][0])
        if not gc.isenabled():
            gc.freeze()
            gc.enable()
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """县通 · one API in front of a county's departmental systems.

    HUB_HOME is where the hub keeps its things (default ./var), HUB_CONFIG its configuration (default config/), HUB_PORT
    its port (default 8080). HUB_DATABASE_URL and HUB_REDIS_URL name servers of yours.
    """


if __name__ == "__main__":
    gc.disable()  # until the verb is loaded: to look for waste in what stays is a third of a short one's time
    sys.exit(main(prog_name="hub"))
