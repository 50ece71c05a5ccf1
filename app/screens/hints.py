"""Hints on the first visit to an area: three short sentences each, until someone hides them. All of them stand here."""

from __future__ import annotations

HINTS: dict[str, tuple[str, str, str]] = {
    "Reception": (
        "Type what they say. Street names such as mandy work too.",
        "“Same group” carries the consent answers over to the next sample.",
        "Hand over the ticket. Its code is shown only once.",
    ),
    "Queue": (
        "Samples of the open session, with the stage each has reached.",
        "Open a sample to correct its details or print its label.",
        "Hand over passes on many bags with one confirmation.",
    ),
    "Board": (
        "Each column is a stage. The oldest sample stands on top.",
        "The page updates by itself.",
        "Before you close the session, MAST lists what is still open.",
    ),
    "Bench": (
        "Press J or K for the next or previous sample.",
        "Press the question mark for a list of all keys.",
        "Record or dismiss every substance that a spectrum names.",
    ),
    "Files": (
        "A sample number in the file name matches the file by itself.",
        "Assign all matched files at once, the rest one by one.",
        "Set a file aside if it belongs to no sample.",
    ),
    "Consultations": (
        "Results nobody has been told stand first.",
        "Scan a ticket under Find to open its consultation.",
        "What a client also takes is shown once and never saved.",
    ),
    "Alerts": (
        "MAST drafts alerts. People sign them before anyone is told.",
        "Open an alert to read what it is based on.",
        "No active alert does not mean no risk.",
    ),
    "Instruments": (
        "Run the daily check before the first sample.",
        "Detection limits are wider while an instrument has drifted.",
        "An instrument out of range opens a task.",
    ),
    "Messages": (
        "Client pages are made from the version in force.",
        "A change needs its signatures before clients see it.",
        "Look at a message as clients see it before you submit.",
    ),
    "Urgent": (
        "An urgent message appears once two other people have approved it.",
        "Say how long it holds. Then it ends by itself.",
        "Stop it here when it is no longer true.",
    ),
    "Trends": (
        "“Change the question” asks for another figure, place or time.",
        "Save a question under a name. It opens next time.",
        "“Definition” says exactly what a figure counts.",
    ),
    "Projects": (
        "A project asks for rows where figures are not enough.",
        "Another person approves it.",
        "Its researcher makes extracts while it runs.",
    ),
    "Releases": (
        "A release is a fixed set of figures that you can cite.",
        "Every number was moved by a small random amount.",
        "No figure tells you what is in a single sample.",
    ),
    "Figures": (
        "These figures come from the newest release.",
        "Every number was moved by a small random amount.",
        "No figure tells you what is in a single sample.",
    ),
    "People": (
        "Add a person, then hand over the link yourself.",
        "A change of roles signs that person out.",
        "Turn an account off when someone leaves.",
    ),
    "Devices": (
        "Sign out what nobody recognises.",
        "Cancel the tickets of a lost tablet.",
        "Samples a lost tablet has already sent are kept.",
    ),
    "Retention": (
        "MAST deletes once a day.",
        "“Due now” is what the next run deletes.",
        "Backups keep what they hold until you delete them.",
    ),
    "Audit": (
        "Every change is listed here, newest first.",
        "Entries cannot be changed or removed.",
        "Clients have no names here, because MAST keeps none.",
    ),
}
"""By the word of the header. Areas that lead on to a sample or a version show the hints of the page they lead to."""
