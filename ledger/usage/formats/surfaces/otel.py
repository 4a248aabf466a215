"""OpenTelemetry's gen_ai.usage attributes, as an object: everything inside. Pure.

The registry (semantic-conventions-genai, model/gen-ai/registry.yaml): `input_tokens` should include
all input, cached too, and `output_tokens` reasoning; for Anthropic the convention spells the sum
out. Emitters differ in names: `cache_creation` and `cache_write`, and the deprecated
`prompt_tokens` and `completion_tokens`. OpenLLMetry writes `cache_read_input_tokens` and
`reasoning_tokens` (`opentelemetry-semantic-conventions-ai`), Pydantic AI what its vendors call them
below `details.`, beside the registry's names. A name of cached tokens that is none of these is not
believed: passed over, they would cost as much as fresh ones. Those that differ in meaning are found
where the cached tokens do not fit.
"""

from typing import Final

from ledger.usage.formats.surfaces.counting import Counts, Fields, agreed
from ledger.usage.formats.surfaces.nesting import Completion, Prompt, Unplaced, disjoint

PREFIX: Final = "gen_ai.usage."
READ: Final = (
    "cache_read.input_tokens",
    "cache_read_input_tokens",
    "cache_read_tokens",
    "cached_input_tokens",
    "cached_tokens",
    "details.cache_read_input_tokens",
    "details.cache_read_tokens",
    "details.cached_tokens",
)
WRITTEN: Final = (
    "cache_creation.input_tokens",
    "cache_write.input_tokens",
    "cache_creation_input_tokens",
    "cache_write_input_tokens",
    "cache_creation_tokens",
    "cache_write_tokens",
    "details.cache_creation_input_tokens",
    "details.cache_write_tokens",
)
REASONING: Final = ("reasoning.output_tokens", "reasoning_tokens", "details.reasoning_tokens")
OF_THE_CACHE: Final = "cache"
TOKENS: Final = "tokens"


def attributes(usage: Fields) -> Counts:
    """Read the attributes of a span; either side may be missing, as embeddings have no output."""
    read = _count(usage, "input_tokens", "prompt_tokens")
    wrote = _count(usage, "output_tokens", "completion_tokens")
    if read is None and wrote is None:
        raise usage.malformed(f"{PREFIX}input_tokens", "is missing, and so are output tokens")
    return disjoint(
        prompt=Prompt(
            stated=read or 0,
            read=_count(usage, *READ) or 0,
            write_5m=_count(usage, *WRITTEN) or 0,
            unplaced=_other_cached(usage),
        ),
        completion=Completion(
            stated=wrote or 0,
            reasoning=_count(usage, *REASONING) or 0,
        ),
        total=_count(usage, "total_tokens"),
    )


def _other_cached(usage: Fields) -> tuple[Unplaced, ...]:
    """Return cached tokens under a name that is not known, of which nobody can say what they are.

    Their sum is shown, since a span may have any number of names.
    """
    known = {f"{PREFIX}{name}" for name in (*READ, *WRITTEN)}
    tokens = sum(
        usage.count(name)
        for name in usage.values
        if name.startswith(PREFIX)
        and name.endswith(TOKENS)
        and OF_THE_CACHE in name
        and name not in known
    )
    return (Unplaced(kind="cached_otherwise", nearest="input", tokens=tokens),)


def _count(usage: Fields, *names: str) -> int | None:
    return agreed(*((usage, f"{PREFIX}{name}") for name in names))
