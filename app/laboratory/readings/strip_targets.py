"""What test strips are sold for. A list of its own: the register has many more classes than there are strips."""

from __future__ import annotations

from harm_messages.register import Register

STRIPS: tuple[tuple[str, str], ...] = (
    ("opioid.nitazene", "Nitazenes"),
    ("opioid.fentanyl", "Fentanyls"),
    ("benzodiazepine", "Benzodiazepines"),
    ("xylazine", "Xylazine"),
    ("medetomidine", "Medetomidine"),
    ("cannabinoid.synthetic", "Synthetic cannabinoids"),
    ("opioid.opiate", "Opiates"),
    ("cocaine", "Cocaine"),
    ("methamphetamine", "Methamphetamine"),
    ("ketamine", "Ketamine"),
    ("ghb", "GHB"),
    ("tramadol", "Tramadol"),
)
"""Register id or class, and how a bench calls the strip; the ones that are asked for most stand first."""


def strip_targets(register: Register) -> list[tuple[str, str]]:
    """Targets a strip exists for, as far as this register knows them."""
    return [(target, words) for target, words in STRIPS if target in register or register.is_class(target)]
