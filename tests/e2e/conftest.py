"""The suite's wheel, and clean virtual environments outside the repository.

Dependencies are lent from the environment that runs the tests, so that none needs the network; nlpsuite and all plugins come
from wheels alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class CleanEnvironment:
    """A virtual environment with nothing of the repository on its path."""

    bin: Path
    work: Path

    def install(self, *what: Path) -> None:
        """Install wheels, or build and install packages."""
        command = [
            *(sys.executable, "-m", "pip", "--python", str(self.bin / "python"), "install", "--no-index", "--no-deps"),
            *("--no-build-isolation", "--ignore-installed", "--disable-pip-version-check", "-q", *map(str, what)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.work)
        assert done.returncode == 0, done.stderr

    def run(self, program: str, *words: str, **options: str) -> subprocess.CompletedProcess[str]:
        """Run one of its programs in the work folder."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return subprocess.run(
            [self.bin / program, *words], cwd=self.work, env=clean, capture_output=True, text=True, **options
        )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The suite's wheel."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("nlpsuite-*.whl"))


@pytest.fixture
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> CleanEnvironment:
    """A clean environment with the wheel."""
    folder = tmp_path_factory.mktemp("clean")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    work = folder / "work"
    work.mkdir()
    made = CleanEnvironment(folder / "venv" / "bin", work)
    own = made.run("python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
    # A plain path in a .pth lends the packages without running the .pth files beside them, such as the editable install's.
    lent = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(own) / "lent.pth").write_text("\n".join(lent) + "\n")
    made.install(wheel)
    return made
