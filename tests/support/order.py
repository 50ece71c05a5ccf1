"""In which order the files of tests go to the workers: whole files, so that what a module sets up is set up once, the longest
first, so that no worker is left with a long one while the others have nothing to do.

What drives a browser goes to the first worker, one file after another, while there is anything else for the others: two browsers
at once on a busy machine miss their deadlines, and one leaves a core half idle.

A file that is not named here counts as short. The seconds need not be exact; `pytest --durations=0` tells new ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from xdist.scheduler import LoadFileScheduling

Item = TypeVar("Item")
SECONDS = {
    "tests/browser/test_every_page.py": 180,
    "tests/operations/test_containers.py": 120,
    "tests/api/test_every_route.py": 80,
    "tests/api/test_forms_take_anything.py": 75,
    "tests/api/test_schema.py": 70,
    "tests/browser/test_bad_moments.py": 70,
    "tests/architecture/test_types_and_lint.py": 70,
    "tests/browser/test_self_report.py": 58,
    "tests/instruments/test_instrument_hostile.py": 48,
    "tests/browser/test_many_files.py": 64,
    "tests/watch/": 61,
    "tests/harm_messages/test_review_rules": 60,
    "tests/browser/test_researcher.py": 60,
    "tests/browser/test_messages.py": 60,
    "tests/browser/test_ticket_page.py": 55,
    "tests/operations/test_readme.py": 55,
    "tests/browser/test_offline_intake.py": 50,
    "tests/browser/test_client_screens.py": 46,
    "tests/app/message_packs/test_hostile_drafts.py": 45,
    "tests/app/trends/test_what_figures_tell.py": 40,
    "tests/browser/test_the_road.py": 40,
    "tests/operations/test_migrations.py": 40,
    "tests/api/test_commit_before_answer.py": 38,
    "tests/crash/test_kill_server.py": 28,
    "tests/browser/test_nudge.py": 28,
    "tests/browser/test_alerts.py": 28,
    "tests/operations/test_stopping.py": 27,
    "tests/operations/test_workers_of_a_server.py": 27,
    "tests/security/test_partner_roles.py": 26,
    "tests/browser/test_whole_sample.py": 25,
    "tests/api/test_free_text.py": 25,
    "tests/browser/test_scanning.py": 25,
    "tests/science/test_spectra_accuracy.py": 25,
    "tests/browser/test_figures_pages.py": 24,
    "tests/browser/test_session_report.py": 24,
    "tests/cli/test_another_services_history.py": 22,
    "tests/browser/test_languages.py": 20,
    "tests/browser/test_extracts.py": 20,
    "tests/operations/test_backup.py": 20,
    "tests/harm_messages/test_coverage_of_the_pack.py": 20,
    "tests/app/trends/test_trends_over_http.py": 20,
    "tests/platform/test_live_server.py": 19,
    "tests/fuzz/test_fuzz_slice.py": 19,
    "tests/operations/test_wheel.py": 18,
    "tests/app/message_packs/test_in_force.py": 18,
    "tests/app/exports/test_anonymity.py": 18,
    "tests/spectra/test_identity_order.py": 18,
    "tests/instruments/test_instrument_real_files.py": 18,
    "tests/operations/test_disk_full.py": 17,
    "tests/browser/test_by_hand.py": 16,
    "tests/browser/test_out_of_contact.py": 16,
    "tests/api/test_every_page.py": 16,
    "tests/browser/test_lead.py": 16,
    "tests/platform/test_jobs_killed.py": 16,
    "tests/harm_messages/test_packs_are_read_strictly.py": 16,
    "tests/operations/test_database_away.py": 15,
    "tests/science/test_mass_mixture_accuracy.py": 15,
    "tests/instruments/test_instrument_network.py": 15,
    "tests/operations/test_slow_clients.py": 14,
    "tests/browser/test_help_is_near.py": 13,
    "tests/harm_messages/test_hostile_files.py": 13,
    "tests/cli/test_trends_verbs.py": 13,
    "tests/app/session_report/test_passing_on.py": 12,
    "tests/app/people/test_oidc.py": 12,
    "tests/app/people/test_accounts.py": 12,
}
# Files that begin so share what one process makes for the first of them: generated pages; a server that is watched for.
TOGETHER = ("tests/harm_messages/test_review_rules", "tests/watch/")
FIRST = "gw0"
# Also what makes networks, which cut off what a browser beside it loads.
ONE_AT_A_TIME = ("tests/browser/", "tests/operations/test_containers.py")


def unit(nodeid: str) -> str:
    """What goes to one worker as a whole: a file, or the files that share something."""
    file = nodeid.partition("::")[0]
    return next((start for start in TOGETHER if file.startswith(start)), file)


def longest_first(items: list[Item], nodeid: Callable[[Item], str]) -> list[Item]:
    """The same, each unit in one piece and in its own order."""
    return sorted(items, key=lambda item: -SECONDS.get(unit(nodeid(item)), 0))


class ByUnit(LoadFileScheduling):
    """Hands out units in the order of the collection, those of one kind to the first worker."""

    def __init__(self, config: Any, log: Any = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # it would put the files with most tests first

    def _assign_work_unit(self, node: Any) -> None:
        first = node.gateway.id == FIRST
        fitting = (name for name in self.workqueue if name.startswith(ONE_AT_A_TIME) is first)
        self.workqueue.move_to_end(next(fitting, next(iter(self.workqueue))), last=False)
        super()._assign_work_unit(node)

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)
