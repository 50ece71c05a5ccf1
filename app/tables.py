"""Imports every table once, so that metadata is complete for migrations and tests. Holds nothing itself."""

import app.alerts.tables
import app.consultations.tables
import app.custody.tables
import app.exports.tables
import app.history.tables
import app.incoming.tables
import app.instrument_checks.tables
import app.library.tables
import app.message_packs.tables
import app.people.tables
import app.platform.audit.tables
import app.platform.jobs.tables
import app.platform.live.tables
import app.platform.web.tables
import app.quantification.tables
import app.readings.tables
import app.releases.cover_tables
import app.releases.tables
import app.results.tables
import app.samples.tables
import app.session_report.tables
import app.sessions.tables
import app.standards.tables
import app.subtraction.tables
import app.tasks.tables
import app.trends.asked.tables
import app.trends.tables  # noqa: F401
