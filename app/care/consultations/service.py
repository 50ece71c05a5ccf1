"""Use cases of telling, in one place for other features: each stands in a module of its own name.

client_view: what the client sees · telling: opening a ticket, the display log · recording: the consultation.
"""

from app.care.consultations.client_view import ClientView, client_view, own_view
from app.care.consultations.domain import ShownTo, Tick
from app.care.consultations.recording import ConsultationView, consultations_of, record_consultation
from app.care.consultations.telling import needs_noting, note_shown, sample_of_browser, sample_of_code

__all__ = [
    "ClientView",
    "ConsultationView",
    "ShownTo",
    "Tick",
    "client_view",
    "consultations_of",
    "needs_noting",
    "note_shown",
    "own_view",
    "record_consultation",
    "sample_of_browser",
    "sample_of_code",
]
