"""How long to wait before something that failed is tried again."""


def full_jitter(failures: int, roll: float, *, first: float, most: float) -> float:
    """Seconds to wait after so many failures in a row (1 or more), with a `roll` in [0, 1).

    Exponential backoff with full jitter, `random between 0 and min(cap, base * 2 ** attempt)`: Marc Brooker,
    "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. Of the ways compared there it needs the least work
    to get everybody through who failed at the same moment, because they do not come back at the same moment.
    """
    longest = most if failures > 60 else min(most, first * 2.0 ** (failures - 1))
    return roll * longest
