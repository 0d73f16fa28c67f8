"""The evaluation of a load's answers."""

import random

import pytest

from tests.load.arrivals import Answer, Tally, dues, quantile
from tests.load.capacity import back, is_flat, is_too_much, parser


def tally(*answers: tuple[int, float, float]) -> Tally:
    """Answers as (status, seconds, at)."""
    return Tally(10, offered=len(answers), answers=[Answer(*answer) for answer in answers])


def test_as_many_arrive_as_asked_for_and_the_same_each_time() -> None:
    first, second = (list(dues(100, 50, random.Random(1))) for _ in range(2))

    assert first == second == sorted(first)
    assert 4700 < len(first) < 5300
    assert first[-1] < 50


def test_a_quantile_is_an_answer_that_was_given() -> None:
    answers = tally(*((200, second / 100, 0) for second in range(100))).answers

    assert (quantile(answers, 0.5), quantile(answers, 0.99)) == (0.5, 0.99)
    assert quantile(answers[:1], 0.99) == 0
    assert quantile([], 0.5) != quantile([], 0.5)


def test_answers_are_told_apart() -> None:
    mixed = tally((200, 1, 1), (201, 1, 1), (503, 1, 1), (409, 1, 1), (0, 30, 1))
    mixed.failures["TimeoutError"] += 1

    assert (len(mixed.served), mixed.shed, mixed.others) == (2, 1, {"TimeoutError": 1, "409": 1})


@pytest.mark.parametrize(("refused", "too_much"), [(1, False), (2, True)])
def test_more_than_one_in_a_hundred_is_too_much(refused: int, too_much: bool) -> None:
    answers = [(503, 1.0, 1.0)] * refused + [(200, 1.0, 1.0)] * (100 - refused)

    assert is_too_much(tally(*answers)) is too_much


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([(200, 0.1, second) for second in range(10)], "at once"),
        ([(200, 2.0, 0.5), (200, 0.1, 1.5), (200, 2.0, 2.5), (200, 0.1, 3.5)], "after 3 s"),
        ([(503, 0.1, 4.5), (200, 0.1, 5.5)], "after 5 s"),
        ([(200, 2.0, 9.5)], "not within the step"),
    ],
)
def test_it_is_normal_again_after_the_last_second_that_was_not(
    answers: list[tuple[int, float, float]], said: str
) -> None:
    assert back(tally(*answers), limit=1.0) == said


@pytest.mark.parametrize(
    ("figures", "flat"),
    [
        ([100, 120, 130, 140, 140, 140, 141, 142, 141], True),
        ([100, 110, 120, 130, 140, 150, 160, 170, 180], False),
        ([180, 170, 160, 150, 140, 130, 120, 110, 100], True),
        ([100.0], True),
    ],
)
def test_figures_that_grow_after_the_first_third_are_not_flat(figures: list[float], flat: bool) -> None:
    assert is_flat("web_mib", figures, most=8) is flat


def test_the_help_names_what_may_be_asked_for() -> None:
    text = parser().format_help()

    assert [word for word in ("capacity", "soak", "--minutes", "--rate") if word not in text] == []
