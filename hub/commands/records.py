"""`hub import` and `hub export-openapi`: the catalogue in, the description of the interface out."""

from __future__ import annotations

import json
import os
import pkgutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from hub import logs
from hub.catalogue.importing import Broken, Report
from hub.commands.opening import as_json, opened, print_json
from hub.demo.county import config_folder, make_secrets
from hub.main import Hub

_TOLD = 20


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--scheme", default="national", show_default=True, help="Whose codes the items carry.")
@as_json
def import_(file: Path, scheme: str, json_wanted: bool) -> None:
    """Take the published catalogue in FILE into the database. Exit 1 when anything of it was refused."""
    with opened() as hub:
        try:
            with hub.database.session(patience=600) as session:
                report = hub.catalogue.import_published(session, file, scheme)
        except Broken as broken:
            report = broken.report
        except ValueError as error:
            raise click.ClickException(str(error)) from error
    if json_wanted:
        print_json(asdict(report))
    else:
        _tell(report)
    if report.broken or report.refused:
        raise SystemExit(1)


def _tell(report: Report) -> None:
    if report.broken:
        click.echo(f"Nothing was taken: {report.broken}.")
    else:
        click.echo(
            f"{report.rows} rows: {report.new} new, {report.changed} changed, {report.unchanged} unchanged,"
            f" {report.refused} refused."
        )
    for kind, remarks in (("refused", report.refusals), ("note", report.warnings)):
        for remark in remarks[:_TOLD]:
            click.echo(f"  {kind}: row {remark.row} {remark.name}: {remark.text}")
        if len(remarks) > _TOLD:
            click.echo(f"  … and more of it; --json lists {len(remarks)}")


@click.command("export-openapi")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it here instead of printing it.")
def export_openapi(out: Path | None) -> None:
    """The OpenAPI 3.1 document of this release and configuration. Needs no database and no running hub."""
    with tempfile.TemporaryDirectory() as name:
        text = json.dumps(_document(Path(name)), ensure_ascii=False, indent=2) + "\n"
    if out:
        out.write_text(text, encoding="utf-8")
    else:
        click.echo(text, nl=False)


def _document(home: Path) -> dict[str, Any]:
    """From an app that is made and never serves: in an empty home, with secrets of no use to anybody."""
    config = config_folder(os.environ)
    make_secrets(config, home)
    servers = {
        "HUB_DATABASE_URL": f"postgresql+psycopg://nobody@/none?host={home}",
        "HUB_REDIS_URL": f"unix://{home}/none",
    }
    logs.configure()
    hub = Hub.open(home, {**os.environ, **servers, "HUB_CONFIG": str(config)})
    try:
        app = pkgutil.resolve_name("blueprints.app:create_app")(hub)
        document: dict[str, Any] = app.extensions["openapi"]
        return document
    finally:
        hub.close()
