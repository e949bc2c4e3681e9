"""Build wheel and sdist, look at what is in them, and run the tests of the sdist against the installed wheel.

``make test-dist`` runs this. Nothing is taken from the network: the wheel is installed alone, into a new environment
that finds everything else where ``make test`` put it. Neither ``src`` nor its editable install is on the path there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "dist"
LIMIT = 1_000_000  # bytes of the wheel, which is what an installation downloads
IN_SDIST = ("Makefile", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md")
FOLDERS = ("benchmarks", "docs", "examples", "scripts", "src", "tests")


def main() -> None:
    shutil.rmtree(BUILD, ignore_errors=True)
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(BUILD), cwd=ROOT)
    (wheel,), (sdist,) = BUILD.glob("*.whl"), BUILD.glob("*.tar.gz")
    check_wheel(wheel)
    tree = check_sdist(sdist)
    python = install(wheel)
    where = run(str(python), "-c", "import edgewise; print(edgewise.__file__)", cwd=tree).strip()
    if not Path(where).is_relative_to(BUILD / "env"):
        sys.exit(f"edgewise: the tests would run {where}, not the installed wheel")
    print(f"edgewise: testing {where}", flush=True)
    tests = [str(python), "-m", "pytest", "-q", "-n", "auto", "--maxprocesses=8", "-p", "no:cacheprovider"]
    tests += [*sys.argv[1:], "tests", "docs", "README.md", "--pyargs", "edgewise"]
    sys.exit(subprocess.run(tests, cwd=tree, env=environment(), check=False).returncode)


def check_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names, unpacked = set(archive.namelist()), sum(entry.file_size for entry in archive.infolist())
    sources = {
        f"edgewise/{p.relative_to(ROOT / 'src' / 'edgewise')}" for p in (ROOT / "src" / "edgewise").rglob("*.py")
    }
    missing = (sources | {"edgewise/py.typed"}) - names
    foreign = {n for n in names if not n.startswith("edgewise/") and ".dist-info/" not in n}
    if missing or foreign or not any(n.endswith(".dist-info/licenses/LICENSE") for n in names):
        sys.exit(f"edgewise: {wheel.name} lacks {missing or 'nothing'} (or its licence) and has {foreign or 'no more'}")
    size = wheel.stat().st_size
    if size > LIMIT:
        sys.exit(f"edgewise: {wheel.name} has {size} bytes, more than {LIMIT}")
    print(f"edgewise: {wheel.name}: {len(names)} files, {size} bytes, {unpacked} unpacked")


def check_sdist(sdist: Path) -> Path:
    """Unpack it, and return where."""
    with tarfile.open(sdist) as archive:
        archive.extractall(BUILD, filter="data")
    tree = BUILD / sdist.name.removesuffix(".tar.gz")
    tracked = [*IN_SDIST, *(str(p.relative_to(ROOT)) for f in FOLDERS for p in (ROOT / f).rglob("*") if wanted(p))]
    missing = [n for n in tracked if not (tree / n).is_file()]
    if missing:
        sys.exit(f"edgewise: {sdist.name} lacks {', '.join(missing)}")
    print(f"edgewise: {sdist.name}: {len(tracked)} files that were looked for are there")
    return tree


def wanted(path: Path) -> bool:
    return path.is_file() and path.suffix in (".md", ".py", ".sh") and "_build" not in path.parts


def install(wheel: Path) -> Path:
    """A new environment with the wheel, and on its path the folder this Python has its packages in."""
    folder = BUILD / "env"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    purelib = run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=ROOT).strip()
    # A line of a .pth file is a folder whose own .pth files, the editable install among them, are not read.
    Path(purelib, "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    options = ("install", "--quiet", "--no-index", "--no-deps", "--ignore-installed")
    run(str(python), "-m", "pip", *options, str(wheel), cwd=ROOT)
    return python


def run(*command: str, cwd: Path) -> str:
    return subprocess.run(command, cwd=cwd, env=environment(), check=True, stdout=subprocess.PIPE, text=True).stdout


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | {"OMP_NUM_THREADS": "1"}


if __name__ == "__main__":
    main()
