from pathlib import Path

from config.log_files import LogFiles


class TestLogFiles:
    def test_keep_a_file_for_each_process_anew_each_time(self, tmp_path: Path) -> None:
        for text in ("old", "new"):
            with LogFiles(tmp_path / "logs") as logs:
                logs.write("web", text)
                logs.write("worker", "ready")

        assert (tmp_path / "logs/web.log").read_text() == "new\n"
        assert (tmp_path / "logs/worker.log").read_text() == "ready\n"

    def test_let_late_lines_fall_silently_once_they_are_closed(self, tmp_path: Path) -> None:
        with LogFiles(tmp_path) as logs:
            logs.write("web", "started")
        logs.write("web", "said after the end")

        assert (tmp_path / "web.log").read_text() == "started\n"

    def test_show_the_last_lines_of_each(self, tmp_path: Path) -> None:
        with LogFiles(tmp_path) as logs:
            for number in range(10):
                logs.write("web", f"line {number}")

        assert logs.tails(lines=2) == f"--- {tmp_path / 'web.log'}\nline 8\nline 9\n"
