"""The whole conformance suite on the claude runtime."""

from tests.integration.claude_suite import ClaudeConformance


class TestClaude(ClaudeConformance):
    """Everything that every runtime must hold to."""
