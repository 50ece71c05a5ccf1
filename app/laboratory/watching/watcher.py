"""The watching itself: look, wait until a file is finished, send it once, remember that, look again.

The order is what makes it exactly once: the ledger says "sending" before the first byte leaves, the server's row is
durable before it answers, the ledger says "delivered" after that. Cut off anywhere in between, the next start asks the
server by the arrival key, or sends again under the same key, and there is one row.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.laboratory.watching.backoff import Backoff
from app.laboratory.watching.ledger import Ledger, Row, State, now_text
from app.laboratory.watching.reporting import Reporter, size_words
from app.laboratory.watching.scanning import FolderAway, Look, ScannedFile, Scanner, Settling, look_again
from app.laboratory.watching.server import Kind, Receipt, Server, Stopped, Trouble
from app.laboratory.watching.upload import Changed, NotWhole, Unpackable, Upload, arrival_key, sweep, upload
from app.platform.kernel.locks import InUse

HEARTBEAT_S, CHECK_S = 60.0, 600.0
LONGEST_PASS_S = 60.0  # of sending, before the folder is looked at again
SHARE_OF_TIME = 4.0  # a look may take a fifth of the time, no more
FAILURES_IN_A_ROW = 3
SERVER, FOLDER, LEDGER = "the server", "the folder", "the ledger"


@dataclass(frozen=True, slots=True)
class PollSettings:
    """Seconds between looks, and how long a file must not have changed."""

    interval_s: float = 5.0
    settle_s: float = 10.0


@dataclass(slots=True)
class Pass:
    """What one look led to, in files. `left`: finished, and their turn comes after the next look."""

    delivered: int = 0
    known: int = 0
    settling: int = 0
    held: int = 0
    refused: int = 0
    failed: int = 0
    left: int = 0
    away: bool = False

    @property
    def is_quiet(self) -> bool:
        """Whether everything that is there has arrived, or will not."""
        return not (self.settling or self.held or self.failed or self.left or self.away)


class Watcher:
    """One folder, one ledger, one server; only `tick` does anything, `run` repeats it. `clock` in monotonic seconds; `pause`
    waits that long, True when it should end."""

    def __init__(
        self,
        scanner: Scanner,
        ledger: Ledger,
        server: Server,
        reporter: Reporter,
        *,
        origin: str,
        spool: Path,
        poll_settings: PollSettings = PollSettings(),
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], bool],
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._scanner, self._ledger, self._server, self._reporter = scanner, ledger, server, reporter
        self._origin, self._spool, self._poll = origin, spool, poll_settings
        self._clock, self._pause, self._stopping = clock, pause, stopping
        self._settling = Settling(poll_settings.settle_s, clock)
        self._server_backoff = Backoff(clock)  # the server, whatever the file
        self._file_backoffs: dict[str, Backoff] = {}
        self._refused: set[tuple[str, str]] = set()  # in this run: a restart tries them once more
        self._missed: set[str] = set()
        self._in_a_row = 0
        self._heartbeat_at: float | None = None
        self._checked_at: float | None = None
        self._look_s = 0.0
        self._who = ""
        self._is_new_ledger = not ledger.noted("caught_up")
        sweep(spool)

    @property
    def trouble(self) -> str:
        """What keeps everything from being sent, "" if nothing does."""
        return self._ledger.noted("trouble")

    def run(self) -> None:
        """Until asked to end."""
        while not self._stopping():
            self.tick()
            if self._pause(max(self._poll.interval_s, SHARE_OF_TIME * self._look_s)):
                return

    def run_once(self) -> Pass:
        """Send what is finished and end: looks for as long as a file needs to settle, then at each file once."""
        done, looks, began = self.tick(), 1, self._clock()
        while not self._stopping() and not (done.is_quiet or done.away):
            waited = self._clock() - began
            is_long_enough = looks > 2 and waited >= self._poll.settle_s + 2 * self._poll.interval_s
            if not done.left and (is_long_enough or not done.settling):
                break
            if self._pause(min(self._poll.interval_s, max(0.05, self._poll.settle_s))):
                break
            done = _together(done, self.tick())
            looks += 1
        return done

    def tick(self) -> Pass:
        """One look and what follows from it. Raises nothing that waiting could correct."""
        done, began = Pass(), self._clock()
        try:
            seen = self._scanner.look()
        except FolderAway as error:
            done.away = True
            self._reporter.trouble(
                FOLDER,
                f"{self._scanner.root} cannot be reached ({error.strerror}). Nothing is lost; it is looked for again and again.",
            )
            return done
        finally:
            self._look_s = self._clock() - began
        self._reporter.over(FOLDER, f"{self._scanner.root} is there again.")
        for name in seen.links[:20]:
            self._reporter.trouble(f"link {name}", f"{name} is a link and is left alone.", "link", path=name)
        for name in seen.unreadable[:20]:
            self._reporter.trouble(f"unreadable {name}", f"{name} cannot be listed and is left out for now.", path=name)
        try:
            self._attend(seen, done)
            self._reporter.over(LEDGER, "The ledger can be written again.")
        except sqlite3.Error as error:
            done.failed += 1
            self._reporter.trouble(
                LEDGER, f"The ledger {self._ledger.path} cannot be written ({error}), so nothing is sent."
            )
        return done

    def _attend(self, seen: Look, done: Pass) -> None:
        keys = {found.key for found in seen.found}
        finished = self._finished(seen, done)
        self._settling.keep_only(keys)
        self._missed &= keys
        self._file_backoffs = {key: backoff for key, backoff in self._file_backoffs.items() if key in keys}
        began, is_open = self._clock(), self._is_open(bool(finished), keys)
        for number, found in enumerate(finished):
            if self._stopping() or self._clock() - began > LONGEST_PASS_S:
                done.left += len(finished) - number
                break
            waits = self._file_backoffs[found.key].remaining if found.key in self._file_backoffs else 0.0
            if waits or not is_open or self._server_backoff.remaining:
                done.failed += 1
            else:
                self._deliver(found, keys if seen.complete else None, done)
        if self._is_new_ledger and done.is_quiet and not self._stopping():
            self._ledger.note("caught_up", now_text())
            self._is_new_ledger = False
        self._heartbeat()

    def _finished(self, seen: Look, done: Pass) -> list[ScannedFile]:
        """What is to be sent, as it is this moment."""
        finished = []
        for found in seen.found:
            if self._is_dealt_with(found, done):
                continue
            fresh = look_again(found)
            if fresh is None:
                self._miss(found)
                continue
            if self._is_dealt_with(fresh, done):
                continue
            has_settled = self._settling.has_settled(fresh.key, fresh.signature)
            if has_settled and fresh.size > 0 and fresh.settled_name:
                finished.append(fresh)
            else:
                done.settling += 1
        return finished

    def _miss(self, found: ScannedFile) -> None:
        """Listed, and not there when asked for: taken away this moment, or a name that this system cannot open."""
        if found.key in self._missed:
            self._reporter.trouble(
                found.key, f"{found.name} is listed but cannot be opened; its path may be too long.", path=found.name
            )
        self._missed.add(found.key)

    def _is_open(self, has_files: bool, keys: set[str]) -> bool:
        """Whether server and token are good. Asked at the start, now and then, and after a failure before a file is read
        for nothing; a token that ended is told before the next file waits for it.
        """
        now = self._clock()
        is_due = self._checked_at is None or now - self._checked_at >= CHECK_S
        if self._server_backoff.remaining or not (is_due or (has_files and self._server_backoff.has_failed)):
            return True
        self._checked_at = now
        try:
            who = self._server.check()
            if not self._who:
                self._ledger.note("trouble", "")  # of an earlier run
                self._ask_about_what_is_gone(keys)
        except Trouble as trouble:
            self._close(trouble)
            return False
        if self._who != who:
            self._who = who
            self._reporter.say("connected", f"{self._server.address.text} takes files from {who}.", who=who)
        if not has_files:
            self._well()
        return True

    def _ask_about_what_is_gone(self, keys: set[str]) -> None:
        """Files that were being sent when this was cut off, and are not in the folder any more. Raises Trouble."""
        for row in self._ledger.rows():
            if row.state is State.SENDING and row.attempts and row.path_key not in keys:
                receipt = self._server.find(row.arrival)
                if receipt is not None:
                    self._ledger.delivered(row, receipt.id)
                else:
                    self._ledger.failed(row, "It was taken out of the folder before it had arrived.")

    def _is_dealt_with(self, found: ScannedFile, done: Pass) -> bool:
        row = self._ledger.newest(found.key)
        if row is None or row.signature != found.signature:
            return False
        if row.state is State.DELIVERED:
            done.known += 1
        elif (found.key, found.signature) in self._refused:
            done.refused += 1
        else:
            return False
        return True

    def _deliver(self, found: ScannedFile, all_keys: set[str] | None, done: Pass) -> None:
        try:
            with upload(found, self._spool) as ready:
                self._send(found, ready, all_keys, done)
        except Changed:
            self._settling.begin_again(found.key)
            done.settling += 1
        except InUse:
            self._settling.begin_again(found.key)
            done.settling += 1
            self._reporter.trouble(found.key, f"{found.name}: in use by another program; it is sent once that lets go.")
        except NotWhole:
            done.held += 1
            self._reporter.trouble(
                found.key,
                f"{found.name}: named like a run of an instrument, but none of the files of one are in it, so it is not "
                "sent. If the run is finished, export it as mzML, CDF or CSV into the watched folder.",
                "held", path=found.name,
            )  # fmt: skip
        except Unpackable as error:
            self._refuse(found, None, str(error), done)
        except OSError as error:
            self._later(found, None, Trouble(Kind.FILE_LATER, f"It cannot be read ({error.strerror or error})."), done)
        except Stopped:
            done.left += 1
        except sqlite3.Error:
            raise
        except Exception as error:  # one file that is stranger than anything foreseen must not stop the others
            self._later(found, None, Trouble(Kind.FILE_LATER, f"Something unforeseen happened ({error!r})."), done)

    def _send(self, found: ScannedFile, ready: Upload, all_keys: set[str] | None, done: Pass) -> None:
        before = self._ledger.newest(found.key)
        if before is not None and before.sha256 == ready.content and before.state is State.DELIVERED:
            self._ledger.touched(before, found.signature)
            done.known += 1
            return
        if before is None and all_keys is not None and self._was_moved(found, ready, all_keys):
            done.known += 1
            return
        arrival = arrival_key(self._origin, found.key, ready.content)
        row = self._ledger.begin(found, ready.content, arrival)
        if row.state is State.DELIVERED:  # as it was once before
            done.known += 1
            return
        try:
            # asked only where it may have arrived before: an answer was lost, or the ledger was
            before_now = self._server.find(row.arrival) if row.attempts or self._is_new_ledger else None
            receipt = before_now or self._server.send(ready, self._ledger.trying(row).arrival, self._origin)
        except Trouble as trouble:
            if trouble.kind is Kind.FILE_NEVER:
                self._refuse(found, row, trouble.sentence, done)
            else:
                self._later(found, row, trouble, done)
            return
        self._ledger.delivered(row, receipt.id)
        done.delivered += 1
        self._well()
        self._file_backoffs.pop(found.key, None)
        self._reporter.over(found.key)
        self._tell_delivered(found, receipt, self._ledger.versions(found.key))

    def _was_moved(self, found: ScannedFile, ready: Upload, all_keys: set[str]) -> bool:
        for row in self._ledger.delivered_under_other_names(ready.content, found.signature, found.key):
            if row.path_key not in all_keys:
                self._ledger.moved(row, found.key, found.name)
                self._reporter.say(
                    "moved", f"{found.name}: this is {row.name} under another name, which has arrived.", path=found.name
                )
                return True
        return False

    def _refuse(self, found: ScannedFile, row: Row | None, why: str, done: Pass) -> None:
        if row is None:
            content = arrival_key("refused", found.key, found.signature)  # nothing was hashed
            row = self._ledger.begin(found, content, content)
        self._ledger.refused(row, why)
        self._refused.add((found.key, found.signature))
        done.refused += 1
        self._in_a_row = 0
        self._reporter.trouble(
            found.key, f"{found.name}: not taken. {why} The file itself is unharmed.", "refused", path=found.name
        )

    def _later(self, found: ScannedFile, row: Row | None, trouble: Trouble, done: Pass) -> None:
        done.failed += 1
        if row is not None:
            self._ledger.failed(row, trouble.sentence)
        if trouble.kind is Kind.FILE_LATER:
            self._file_backoffs.setdefault(found.key, Backoff(self._clock, first_s=2.0)).failed(trouble.retry_after_s)
            self._in_a_row += 1
            self._reporter.trouble(found.key, f"{found.name}: {trouble.sentence} It is tried again.", path=found.name)
            if self._in_a_row < FAILURES_IN_A_ROW:
                return
            self._server_backoff.failed(trouble.retry_after_s)
        else:
            self._close(trouble)

    def _close(self, trouble: Trouble) -> None:
        """Everything waits."""
        self._server_backoff.failed(trouble.retry_after_s)
        self._reporter.trouble(
            SERVER, f"{trouble.sentence} MAST will try again automatically.", event=trouble.kind.value
        )
        if self._ledger.noted("trouble") != trouble.sentence:
            self._ledger.note("trouble", trouble.sentence)

    def _well(self) -> None:
        self._server_backoff.worked()
        self._in_a_row = 0
        self._reporter.over(SERVER, "The server takes files again.")
        if self._ledger.noted("trouble"):
            self._ledger.note("trouble", "")

    def _tell_delivered(self, found: ScannedFile, receipt: Receipt, versions: int) -> None:
        if not receipt.is_new:
            sentence = f"{found.name}: had arrived already. {receipt.message}"
        elif versions > 1:
            sentence = f"{found.name}: changed after it was sent, so version {versions} was sent. {receipt.message}"
        else:
            sentence = f"{found.name} ({size_words(found.size)}): {receipt.message}"
        self._reporter.say(
            "delivered", sentence, path=found.name, id=receipt.id, sha256=receipt.sha256, new=receipt.is_new, version=versions
        )  # fmt: skip

    def _heartbeat(self) -> None:
        """For `--status`: this watcher lives. Once a minute, so that an idle one wears no disk."""
        now = self._clock()
        if self._heartbeat_at is None or now - self._heartbeat_at >= HEARTBEAT_S:
            self._ledger.note("looked_at", now_text())
            self._heartbeat_at = now


def _together(before: Pass, now: Pass) -> Pass:
    """Deliveries add up; how things stand is what the last look saw, which knows what the looks before it sent."""
    now.known = max(0, now.known - before.delivered)
    now.delivered += before.delivered
    return now
