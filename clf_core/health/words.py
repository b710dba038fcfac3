"""Small pieces of the sentences that findings are made of."""

_SHOWN_NAMES = 3
_SHOWN_LETTERS = 60


def counted(count: int, one: str, many: str = "") -> str:
    """'1 picture', '1,200 pictures'; ``many`` where it is not ``one`` with an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def agree(count: int, one: str, many: str) -> str:
    """The form of a verb or pronoun that fits a number."""
    return one if count == 1 else many


def quoted(name: str) -> str:
    """A name from outside in quotation marks, shortened where it is very long."""
    return f"'{name if len(name) <= _SHOWN_LETTERS else name[: _SHOWN_LETTERS - 1] + '…'}'"


def listed(names: list[str]) -> str:
    """A few names in quotation marks: 'a', 'b' and 4 others."""
    if len(names) > _SHOWN_NAMES + 1:
        shown = ", ".join(quoted(name) for name in names[:_SHOWN_NAMES])
        return f"{shown} and {len(names) - _SHOWN_NAMES:,} others"
    *first, last = (quoted(name) for name in names)
    return f"{', '.join(first)} and {last}" if first else last


def percent(share: float) -> str:
    """'93 %' from 0.93; one decimal below 10 %, so that small shares are not all alike."""
    return f"{share:.0%}".replace("%", " %") if share >= 0.1 or share == 0 else f"{share:.1%}".replace("%", " %")
