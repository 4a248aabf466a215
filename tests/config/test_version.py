"""The version comes from the change log."""

import re

from django.test import Client

from config.version import CHANGELOG, newest, version


class TestVersion:
    def test_is_a_release_that_the_change_log_describes(self) -> None:
        headings = re.findall(
            r"^## \[([\d.]+)\] - \d{4}-\d\d-\d\d$", CHANGELOG.read_text(), re.MULTILINE
        )

        assert version() == headings[0]

    def test_is_shown_on_the_front_page(self, client: Client) -> None:
        page = client.get("/").content.decode()

        assert f"Version {version()}" in page


class TestNewest:
    def test_passes_over_what_is_not_released(self) -> None:
        log = "# Changes\n\n## [Unreleased]\n\n- more\n\n## [1.10.0] - 2027-01-01\n\n## [1.9.0]\n"

        assert newest(log) == "1.10.0"
