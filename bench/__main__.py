"""Entry point of `make bench`: measure, print a table, write build/bench.json."""

import sys
import time

from rich.console import Console

from bench import backlog, export_figures, latency, start_up, trickle
from bench.figures import RESULT, Figure, show, write
from bench.record import Record
from bench.world import BenchWorld
from local.build import require_runtime
from local.stack import LocalStack


def main() -> int:
    """Run all measurements. Return exit status 0 if every target is met, 1 otherwise."""
    require_runtime()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    began = time.monotonic()

    def say(what: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.0f} s[/]  {what}")

    figures: list[Figure] = []
    say("Starting the product between the two vendors")
    with LocalStack() as stack:
        world, record = BenchWorld(stack), Record(stack)
        world.stop_clock()
        environments = {name: world.environment(name) for name in ("PleoWebhookFunction", "FeedFunction")}
        say(f"{latency.PAYMENTS} single payments, each when everything is idle")
        figures += latency.measure(world, record, world.connect("Bench Einzeln GmbH"))
        say(f"{backlog.PAYMENTS} payments while the feed is held, then the feed in real time")
        figures += backlog.measure(world, record, world.connect("Bench Rückstand GmbH"))
        say(f"{trickle.PAYMENTS} payments one by one, then a scheduled sync")
        figures += trickle.measure(world, record, world.connect("Bench Tropfen GmbH"))
    say("Start-up of the built doors")
    figures += start_up.measure(environments)
    say(f"An export of {export_figures.ITEMS} expenses in virtual time, undisturbed and with an outage")
    figures += export_figures.measure()
    say("Done\n")
    show(console, figures)
    write(figures)
    console.print(f"Written to {RESULT.relative_to(RESULT.parents[1])}")
    missed = [figure.name for figure in figures if figure.missed]
    for name in missed:
        console.print(f"[red]missed:[/] {name}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
