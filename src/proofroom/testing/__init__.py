"""For tests of runtimes, here and in other projects. Needs pytest where it says so; nothing of Proofroom imports it."""
