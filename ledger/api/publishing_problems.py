"""Examples of the problems of publishing."""

from typing import Any, Final

from ledger.api.problem_example import problem

PUBLISHING_PROBLEMS: Final[tuple[dict[str, Any], ...]] = (
    problem(
        "document-invalid",
        422,
        "The catalogue document is not valid",
        "#/site_pue/0/pue: 0.9 is less than one",
        errors=[{"pointer": "#/site_pue/0", "detail": "pue is 0.9; expected one or more"}],
    ),
    problem(
        "no-such-proposal",
        404,
        "There is no such proposal",
        "there is no proposal 7",
        proposal=7,
    ),
    problem(
        "proposal-not-open",
        409,
        "The proposal is decided",
        "proposal 7 is published: there is nothing to decide",
        proposal=7,
        state="published",
    ),
    problem(
        "proposal-outdated",
        409,
        "The catalogue changed since the proposal was made",
        "the catalogue changed since proposal 7 was made, and it would do something else by now;"
        " refuse it and propose the document again",
        proposal=7,
    ),
    problem(
        "proposer-approves",
        403,
        "Who proposed a change of prices does not publish it",
        "anna made proposal 7; another person publishes it",
        proposal=7,
        user="anna",
    ),
)
