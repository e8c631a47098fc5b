"""What a running program tells of itself: log lines that say what they belong to, and figures for monitoring."""
