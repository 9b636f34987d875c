"""Where the user's own cache lies, by the custom of each platform."""

from __future__ import annotations

import os
import sys
from pathlib import Path

VARIABLE = "ACCELSIM_CACHE"
FILE = "searches.sqlite"


def default_folder(platform: str = sys.platform) -> Path | None:
    """Where the user's own cache lies: the folder that ACCELSIM_CACHE names, or accelsim's in the platform's for
    caches; None when ACCELSIM_CACHE is empty or 'off', or there is no home."""
    named = os.environ.get(VARIABLE)
    try:
        if named is not None:
            return None if named.strip().lower() in ("", "off") else Path(named).expanduser()
        match platform:
            case "darwin":
                return Path.home() / "Library" / "Caches" / "accelsim"
            case "win32":
                local = os.environ.get("LOCALAPPDATA")
                return (Path(local) if local else Path.home() / "AppData" / "Local") / "accelsim" / "Cache"
            case _:
                caches = Path(os.environ.get("XDG_CACHE_HOME", ""))
                return (caches if caches.is_absolute() else Path.home() / ".cache") / "accelsim"
    except RuntimeError:  # the user has no home
        return None
