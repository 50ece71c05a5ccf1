"""Disclosure control that holds against linear combinations. Pure: numpy and scipy, no database, no web.

cubes: what may be published at all, and the first suppression. knowledge and linear_audit: what somebody with all of it
can work out. complementary: what is withheld besides until that is nothing. sticky: figures across releases.
"""
