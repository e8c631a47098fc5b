"""`python3 dev.py faults`: many sessions, real processes, kills at named points and at random; then everything is
counted.
"""
