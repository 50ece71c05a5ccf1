"""Passwords, random secrets, throttles and the policy every route must declare. Knows no feature."""
