"""`tunedial doctor`: what works here, what is missing, how to get it."""

from dataclasses import asdict

import click

from engine.commands.common import echo_json, json_option


@click.command(short_help="Show what works here and what is missing.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Show what works on this computer, what is missing, and how to get it.

    \b
    tunedial doctor
    tunedial doctor --json

    The exit code is 1 if something is missing that generating needs.
    """
    from engine.doctor import examine

    checks = examine()
    if as_json:
        echo_json({"checks": [asdict(check) for check in checks]})
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            mark = "ok" if check.ok else "MISSING" if check.needed else "-"
            click.echo(f"{mark:8}{check.name:{width}}  {check.found}")
            if not check.ok:
                click.echo(f"{'':8}{'':{width}}  {check.todo}")
    if any(check.needed and not check.ok for check in checks):
        ctx.exit(1)
