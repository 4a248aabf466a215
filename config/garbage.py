"""How often a process that takes in batches looks for garbage."""

import gc


def collect_rarely() -> None:
    """Let the collector look through new objects every 50,000 allocations, not every 700.

    A batch makes tens of thousands of objects that die with their request and know no cycles;
    looking through them again and again takes a third of intake's time. What is loaded by now
    stays for ever and is not looked at any more.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
