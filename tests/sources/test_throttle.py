from dataclasses import replace

from claimlake.sources.throttle import Throttle
from tests.sources.api_server import Waits


def test_requests_leave_no_faster_than_allowed() -> None:
    waits = Waits()
    throttle = Throttle(per_second=4, clock=waits.clock)
    for _ in range(5):
        throttle.wait()
    assert waits.slept == [0.25] * 4


def test_a_pause_earns_a_burst_and_no_more() -> None:
    waits = Waits()
    throttle = Throttle(per_second=2, burst=3, clock=waits.clock)
    waits.seconds = 100
    for _ in range(4):
        throttle.wait()
    assert waits.slept == [0.5]


def test_a_sleep_that_ends_early_lends_nothing_for_good() -> None:
    waits = Waits()
    clock = replace(waits.clock, sleep=lambda seconds: waits.sleep(0.9 * seconds))
    throttle = Throttle(per_second=1, clock=clock)
    for _ in range(50):
        throttle.wait()
    assert waits.seconds > 48
