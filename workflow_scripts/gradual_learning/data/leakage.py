"""Drops train questions that give away a test question.

Gekhman et al. 2024 (appendix A) remove the train rows of EntityQuestions "whose subject or object occurs in test",
2.1 %. Read literally, the rule on objects would leave some relations without train questions: every country that is an
answer in test is also one in train. The rules here remove all rows of their count, and some more.
"""

from collections.abc import Callable

from gradual_learning.data.question import Dropped, Row, folded

TEST_QUESTION = "train question that is also a test question"
TEST_SUBJECT = "train question about the subject of a test question"
TEST_ANSWER = "train question about the answer to a test question"
REVERSED = "train question answered by the subject of a test question of the same relation"
REASONS = (TEST_QUESTION, TEST_SUBJECT, TEST_ANSWER, REVERSED)


def provided_test_questions(rows: list[Row]) -> list[Row]:
    """Return the test questions of a data set that has its own train and test splits, and otherwise none."""
    return [row for row in rows if row.split == "test"] if any(row.split == "train" for row in rows) else []


def drop_leaks(rows: list[Row], provided_test: list[Row], dropped: Dropped) -> list[Row]:
    """Drop the train questions that give away a test question.

    These are the same question, questions of any relation about the subject of a test question or about the answer to
    one, and questions answered by the subject of a test question of their own relation (``Who is A married to? B``,
    if test has ``Who is B married to?``).

    Args:
        rows: questions that all have a split.
        provided_test: further test questions, which count even if they were dropped themselves.
        dropped: counts what is dropped.
    """
    for reason, is_leak in _leaks(provided_test + [row for row in rows if row.split == "test"]).items():
        rows = dropped.drop_where(reason, rows, _of_train(is_leak))
    return rows


def _of_train(condition: Callable[[Row], bool]) -> Callable[[Row], bool]:
    return lambda row: row.split == "train" and condition(row)


def _leaks(test: list[Row]) -> dict[str, Callable[[Row], bool]]:
    """Return, for each reason, the condition under which a train question gives away one of the test questions."""
    questions = {folded(row.question) for row in test}
    answers = {folded(answer) for row in test for answer in row.answers}
    subjects = {(row.relation, folded(row.subject)) for row in test if row.subject}
    subjects_of_any_relation = {subject for _, subject in subjects}
    return {
        TEST_QUESTION: lambda row: folded(row.question) in questions,
        TEST_SUBJECT: lambda row: row.subject is not None and folded(row.subject) in subjects_of_any_relation,
        TEST_ANSWER: lambda row: row.subject is not None and folded(row.subject) in answers,
        REVERSED: lambda row: bool(subjects) and any((row.relation, folded(text)) in subjects for text in row.answers),
    }
