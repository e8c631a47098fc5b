"""What of the conformance suite for claude is quick and shown by no other test; tests/faults runs all of it."""

import pytest

from tests.integration.claude_suite import ClaudeConformance

HERE = {
    "test_tokens_are_those_that_the_provider_charged",
    "test_only_tools_that_the_agent_has_are_told",
    "test_a_fault_that_stays_ends_clearly_and_the_work_goes_on_when_it_is_gone",
    "test_a_model_that_does_not_answer_is_left_at_the_deadline",
    "test_a_budget_in_tokens_is_kept_when_nobody_else_keeps_it",
    "test_a_loop_of_the_same_call_is_ended",
    "test_parallel_calls_are_made_one_after_the_other",
    "test_nothing_is_done_beside_a_question_and_its_answer_comes_back",
    "test_wrong_calls_are_answered_and_the_model_goes_on",
    "test_a_conversation_that_is_too_long_ends_clearly_or_is_shortened",
}


class TestClaude(ClaudeConformance):
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "fault" in metafunc.fixturenames:
            metafunc.parametrize("fault", ["403"])  # a key that was refused and is taken later


for name in [one for one in dir(ClaudeConformance) if one.startswith("test_")]:
    if name not in HERE:
        setattr(TestClaude, name, None)  # not a test here
