"""``accelsim cache``: the answers of earlier searches, how many and where, and how to be rid of them."""

from __future__ import annotations

import click

from accelsim.cli import options, output
from accelsim.errors import InputError


@click.command(short_help="Show or clear the kept answers of searches.")
@click.option("--clear", is_flag=True, help="Forget all of them.")
@options.as_json
def cache(clear: bool, as_json: bool) -> None:
    """Show where the answers of earlier searches are kept and how many there are, or clear them.

    The folder is the user's own for caches; the variable ACCELSIM_CACHE names another one, and 'off' keeps nothing.

    \b
    Example:
      accelsim cache --clear
    """
    from accelsim.report.records import document
    from accelsim.search.cache import Cache
    from accelsim.search.cache_place import FILE, VARIABLE, default_folder

    folder = default_folder()
    if folder is None:
        raise InputError(f"no answers are kept: {VARIABLE} switches it off, or there is no home to keep them in")
    kept = Cache(folder / FILE)
    if clear:
        kept.clear()
    info = kept.info()
    if as_json:
        output.print_json(document("cache", {"path": str(kept.file), "answers": info.entries, "bytes": info.bytes}))
    else:
        click.echo(f"{info.entries:,} answers, {info.bytes / 1024:,.0f} KiB, in {kept.file}")
