"""Warnings about what is going round: drafts, notices of a session, their end. Facts for the message rules."""
