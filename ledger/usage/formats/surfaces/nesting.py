"""From counts that contain each other to disjoint ones, checked before they are believed. Pure.

A surface states what was read and what was written, and details of both. Whether a detail is
inside its whole or beside it is the surface's convention; `Prompt` and `Completion` carry it as a
fact, put there by the surface's module. Nothing here infers it: a payload that would fit another
convention better is a `Disagreement`, with both readings.
"""

from dataclasses import dataclass, replace
from typing import Final

from ledger.usage.formats.surfaces.counting import Counts, Disagreement, NotBelieved, reading

INSIDE_OR_BESIDE: Final = {True: "inside", False: "beside"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplaced:
    """Tokens of a kind without a class; `nearest` is the class that they would else be part of."""

    kind: str
    nearest: str
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model read, as the surface states it.

    `stated` includes `read` and the writes if `cache_inside`. `audio` and `image` are those of the
    whole prompt, cached or not; `read_audio` and `read_image` are those among what was read, None
    if the surface does not say. `text` is that of the whole prompt and `read_text` that of what was
    read, where a surface states every part of them.
    """

    stated: int
    cache_inside: bool = True
    read: int = 0
    write_5m: int = 0
    write_1h: int = 0
    text: int | None = None
    audio: int = 0
    image: int = 0
    read_text: int | None = None
    read_audio: int | None = None
    read_image: int | None = None
    unplaced: tuple[Unplaced, ...] = ()

    @property
    def cached(self) -> int:
        """Everything read from or written to a cache."""
        return self.read + self.write_5m + self.write_1h

    @property
    def fresh(self) -> int:
        """What is left of the prompt without the cache."""
        return self.stated - self.cached if self.cache_inside else self.stated


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What a model wrote, as the surface states it; `stated` includes reasoning if it says so."""

    stated: int
    reasoning: int = 0
    reasoning_inside: bool = True
    text: int | None = None
    audio: int = 0
    unplaced: tuple[Unplaced, ...] = ()

    @property
    def spoken(self) -> int:
        """What is left of the output without reasoning and audio."""
        reasoning = self.reasoning if self.reasoning_inside else 0
        return self.stated - reasoning - self.audio


def disjoint(*, prompt: Prompt, completion: Completion, total: int | None = None) -> Counts:
    """Return disjoint counts; `total` is what the surface states for all together, if it does.

    :raises NotBelieved: if a part is larger than its whole, if the parts do not add up to the
        total, if it cannot be known which tokens were cached, or if some have no class.

    >>> disjoint(
    ...     prompt=Prompt(stated=3025, read=3022), completion=Completion(stated=90, reasoning=64)
    ... )[:6]
    (3, 3022, 0, 0, 26, 64)
    """
    _check_cache(prompt, completion)
    _check_reasoning(prompt, completion)
    _check_modalities(prompt, completion)
    counts = _apart(prompt, completion)
    if total is not None and total != sum(counts):
        raise _total_contradicted(prompt, completion, counts, total)
    if prompt.cached and (prompt.audio or prompt.image):
        _check_cached_media(prompt, completion, counts)
    _check_placed(counts, (*prompt.unplaced, *completion.unplaced))
    return counts


def written(*, stated: int | None, short: int | None, long: int | None) -> tuple[int, int]:
    """Return the tokens written for the shorter and for the longer lifetime of a surface's cache.

    Without a split all of them were written for the shorter one: it is every surface's default.

    :raises NotBelieved: if the lifetimes do not add up to what is stated.

    >>> written(stated=300, short=None, long=None), written(stated=300, short=100, long=200)
    ((300, 0), (100, 200))
    """
    if short is None and long is None:
        return stated or 0, 0
    split = short or 0, long or 0
    if stated is not None and sum(split) != stated:
        raise NotBelieved(
            Disagreement(
                "write_split",
                {
                    "as a whole": {"cache_write": stated},
                    "by lifetime": {"shorter": split[0], "longer": split[1], "total": sum(split)},
                },
                f"{stated} tokens were written to the cache, and {sum(split)} by lifetime.",
            )
        )
    return split


def _apart(prompt: Prompt, completion: Completion, *, cached_media_first: bool = False) -> Counts:
    """Take counts apart; where it is unknown which were cached, media were so first or last."""
    cached, audio, image = prompt.cached, prompt.audio, prompt.image
    if prompt.read_audio is not None and prompt.read_image is not None:
        cached -= prompt.read
        audio -= prompt.read_audio
        image -= prompt.read_image
    if cached_media_first:
        hidden = min(audio, cached)
        audio -= hidden
        image -= min(image, cached - hidden)
    else:
        audio = min(audio, max(prompt.fresh, 0))
        image = min(image, max(prompt.fresh - audio, 0))
    return Counts(
        input=prompt.fresh - audio - image,
        cache_read=prompt.read,
        cache_write_5m=prompt.write_5m,
        cache_write_1h=prompt.write_1h,
        output=completion.spoken,
        reasoning=completion.reasoning,
        audio_input=audio,
        audio_output=completion.audio,
        image_input=image,
    )


def _check_cache(prompt: Prompt, completion: Completion) -> None:
    if prompt.fresh >= 0:
        return
    raise NotBelieved(
        Disagreement(
            "cache_nesting",
            {
                "cached inside input": reading(_apart(prompt, completion)),
                "cached beside input": reading(
                    _apart(replace(prompt, cache_inside=False), completion)
                ),
            },
            f"{prompt.cached} cached tokens are more than the {prompt.stated} input tokens that "
            "this surface counts them into.",
        )
    )


def _check_reasoning(prompt: Prompt, completion: Completion) -> None:
    if not completion.reasoning_inside or completion.reasoning <= completion.stated:
        return
    raise NotBelieved(
        Disagreement(
            "reasoning_nesting",
            {
                "reasoning inside output": reading(_apart(prompt, completion)),
                "reasoning beside output": reading(
                    _apart(prompt, replace(completion, reasoning_inside=False))
                ),
            },
            f"{completion.reasoning} reasoning tokens are more than the {completion.stated} "
            "output tokens that this surface counts them into.",
        )
    )


def _check_modalities(prompt: Prompt, completion: Completion) -> None:
    whole = prompt.fresh + prompt.cached
    parts = {"audio": prompt.audio, "image": prompt.image}
    parts |= {one.kind: one.tokens for one in prompt.unplaced if one.nearest == "input"}
    _check_parts("input", whole, parts, text=prompt.text)
    parts = {"audio": completion.audio}
    parts |= {one.kind: one.tokens for one in completion.unplaced}
    if completion.reasoning_inside:
        parts["reasoning"] = completion.reasoning
    _check_parts("output", completion.stated, parts, text=completion.text)
    if prompt.read_audio is None or prompt.read_image is None:
        return
    parts = {"audio": prompt.read_audio, "image": prompt.read_image}
    _check_parts("cached input", prompt.read, parts, text=prompt.read_text)
    _check_parts("audio input", prompt.audio, {"cached audio": prompt.read_audio})
    _check_parts("image input", prompt.image, {"cached image": prompt.read_image})
    media = prompt.audio - prompt.read_audio + prompt.image - prompt.read_image
    not_read = prompt.fresh + prompt.cached - prompt.read
    _check_parts("input not read from a cache", not_read, {"audio and image": media})


def _check_parts(what: str, whole: int, parts: dict[str, int], *, text: int | None = None) -> None:
    """Refuse parts that are more than their whole; and less, where text is stated too."""
    if text is not None:
        parts = {"text": text, **parts}
    found = sum(parts.values())
    if found > whole or (text is not None and found < whole):
        stated = {name: tokens for name, tokens in parts.items() if tokens}
        raise NotBelieved(
            Disagreement(
                "modalities",
                {
                    "as a whole": {what: whole},
                    "as the sum of its parts": {**stated, "total": found},
                },
                f"The parts of {what} add up to {found}, and it is stated as {whole}.",
            )
        )


def _total_contradicted(
    prompt: Prompt, completion: Completion, counts: Counts, total: int
) -> NotBelieved:
    """Show the convention that fits the total, if one does without a negative count."""
    detail = f"The total is stated as {total}, and the parts add up to {sum(counts)}"
    for other_prompt, other_completion in _other_conventions(prompt, completion):
        other = _apart(other_prompt, other_completion)
        if sum(other) == total and min(other) >= 0:
            readings = {
                _convention(prompt, completion): reading(counts),
                _convention(other_prompt, other_completion): reading(other),
            }
            return NotBelieved(
                Disagreement("total", readings, f"{detail}; another convention would fit it.")
            )
    readings = {"as stated": {"total": total}, "as the sum of its parts": reading(counts)}
    return NotBelieved(Disagreement("total", readings, f"{detail}."))


def _other_conventions(prompt: Prompt, completion: Completion) -> list[tuple[Prompt, Completion]]:
    turned_prompt = replace(prompt, cache_inside=not prompt.cache_inside)
    turned = replace(completion, reasoning_inside=not completion.reasoning_inside)
    return [(turned_prompt, completion), (prompt, turned), (turned_prompt, turned)]


def _convention(prompt: Prompt, completion: Completion) -> str:
    cache = INSIDE_OR_BESIDE[prompt.cache_inside]
    reasoning = INSIDE_OR_BESIDE[completion.reasoning_inside]
    return f"cached {cache} input, reasoning {reasoning} output"


def _check_cached_media(prompt: Prompt, completion: Completion, counts: Counts) -> None:
    """Refuse to choose which tokens were cached, where it would make a difference."""
    other = _apart(prompt, completion, cached_media_first=True)
    if counts != other:
        readings = {"text was cached": reading(counts), "audio and images were": reading(other)}
        detail = "Audio or image tokens and cached ones are stated, but not how many are both."
        raise NotBelieved(Disagreement("cached_modality", readings, detail))


def _check_placed(counts: Counts, unplaced: tuple[Unplaced, ...]) -> None:
    """Refuse tokens without a class, rather than let them vanish into another one."""
    found = [one for one in unplaced if one.tokens]
    if not found:
        return
    apart = reading(counts)
    for one in found:
        apart[one.nearest] = apart.get(one.nearest, 0) - one.tokens
        apart[one.kind] = one.tokens
    kinds = ", ".join(f"{one.tokens} {one.kind}" for one in found)
    nearest = " and ".join(dict.fromkeys(one.nearest for one in found))
    raise NotBelieved(
        Disagreement(
            "unplaced",
            {f"counted as {nearest}": reading(counts), "as stated": apart},
            f"No class holds tokens of this kind: {kinds}.",
        )
    )
