"""Options that several commands share."""

from typing import Annotated

import typer

Company = Annotated[str, typer.Option(help="Connection id, Pleo company id, or name.")]
Wait = Annotated[int, typer.Option(min=0, max=600, help="So many seconds to wait for what comes of it.")]
