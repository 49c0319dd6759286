#include "watch/events.h"

#include "base/mem.h"
#include "base/text.h"

static const struct watch_event_row rows[] = {
	[WATCH_READY] = { "watch", "ready", LOG_LEVEL_INFO, "tests enabled",
		N_("The tests are known to the history, and run from now on."), NULL },
	[WATCH_STOPPED] = { "watch", "stopped", LOG_LEVEL_INFO, "runs",
		N_("The last line of an orderly stop: how many runs there were."), NULL },
	[WATCH_RUN] = { "watch", "run", LOG_LEVEL_DEBUG,
		"test run state [reason] ms attempts late_ms",
		N_("A run is over: its id, what it says of the test, how long it took, and how "
		   "late "
		   "it began."),
		NULL },
	[WATCH_STATE_CHANGED] = { "watch", "state", LOG_LEVEL_INFO,
		"test from to [reason] [run] [text]",
		N_("The state of a test has changed, and by which run."), NULL },
	[WATCH_NOT_RUN] = { "watch", "not-run", LOG_LEVEL_WARNING, "test reason text",
		N_("A run could not begin, and that is not the fault of what it tests: the test is "
		   "UNKNOWN. Told when it begins to be so."),
		N_("Mend what the text names.") },
	[WATCH_MISSED] = { "watch", "missed", LOG_LEVEL_WARNING, "test why n",
		N_("Runs did not start in time: the one before was not over, another test used the "
		   "account, too many ran at once, or the watcher was too late itself."),
		N_("Give the test a longer interval or another user, or raise watch.at_once.") },
	[WATCH_CLOCK] = { "watch", "clock-jumped", LOG_LEVEL_WARNING, "seconds direction",
		N_("The clock of this machine was set. Tests go on with their next time by the new "
		   "clock."),
		N_("Let the machine keep its time by NTP.") },
	[WATCH_STALLED] = { "watch", "stalled", LOG_LEVEL_WARNING, "test run",
		N_("The watcher itself stood still for over a second while a test ran: what that "
		   "measured is not judged."),
		N_("Give the machine more processor time, or see what else it does.") },
	[WATCH_SHARE] = { "watch", "share", LOG_LEVEL_INFO, "taken left held",
		N_("Of several watchers with one history: how many tests this one has taken and "
		   "given to others, and how many it runs now."),
		NULL },
	[WATCH_SHARE_LOST] = { "watch", "share-lost", LOG_LEVEL_WARNING, "n",
		N_("Other watchers run so many tests that were this one's: it could not renew in "
		   "time that they are its own."),
		N_("See whether this machine was stopped, or too busy, and whether the history "
		   "answers.") },
	[WATCH_CLOCK_DIFFERS] = { "watch", "clock-differs", LOG_LEVEL_WARNING, "seconds direction",
		N_("The clock of this machine is not that of the history's server. Tests run by "
		   "the server's."),
		N_("Let both machines keep their time by NTP.") },

	[WATCH_HISTORY_OPENED] = { "history", "opened", LOG_LEVEL_INFO, "file",
		N_("The file of the history is open."), NULL },
	[WATCH_HISTORY_HELD] = { "history", "held", LOG_LEVEL_WARNING, "text",
		N_("Nothing can be written to the history now. Tests go on, and what they find "
		   "waits "
		   "in memory."),
		N_("Mend what the text names; what waits is written then.") },
	[WATCH_HISTORY_RESUMED] = { "history", "resumed", LOG_LEVEL_INFO, "waited",
		N_("The history is written again, and how much had waited."), NULL },
	[WATCH_HISTORY_DROPPED] = { "history", "dropped", LOG_LEVEL_WARNING, "runs evidence",
		N_("So much waited for the history that runs which passed, or what was kept of "
		   "them, "
		   "were given up."),
		N_("Mend the disk that the history is on.") },
	[WATCH_HISTORY_DAMAGED] = { "history", "damaged", LOG_LEVEL_ERROR, "text",
		N_("The file of the history was damaged. It was set aside, and a new one begun."),
		N_("See whether the disk is healthy.") },
	[WATCH_HISTORY_SALVAGED] = { "history", "salvaged", LOG_LEVEL_INFO, "runs text",
		N_("What could be read of a damaged history was taken over."), NULL },
	[WATCH_HISTORY_SHRUNK] = { "history", "shrunk", LOG_LEVEL_INFO, "text",
		N_("The history has the size that watch.history.size_max allows: the oldest runs "
		   "went."),
		NULL },
	[WATCH_HISTORY_LOST] = { "history", "lost", LOG_LEVEL_ERROR, "n",
		N_("At the stop so many entries could not be written: they are lost."),
		N_("Mend the disk that the history is on.") },
	[WATCH_HISTORY_UNREADABLE] = { "history", "unreadable", LOG_LEVEL_WARNING, "error n",
		N_("So many questions of pages were not answered by the history; told once a "
		   "minute at "
		   "most."),
		N_("See whether the disk is healthy, and not too busy.") },

	[WATCH_ALERT_DELIVERED] = { "alert", "delivered", LOG_LEVEL_INFO, "receiver kind test",
		N_("A receiver has taken an alert."), NULL },
	[WATCH_ALERT_FAILED] = { "alert", "failed", LOG_LEVEL_WARNING,
		"receiver kind test attempt text",
		N_("A receiver did not take an alert; it is tried again behind a pause."),
		N_("`stox watch --test-alert NAME` tries a receiver.") },
	[WATCH_ALERT_GAVE_UP] = { "alert", "gave-up", LOG_LEVEL_ERROR,
		"receiver kind test attempts",
		N_("A receiver does not hear of this alert, or only with the next reminder."),
		N_("`stox watch --test-alert NAME` tries a receiver.") },
	[WATCH_ALERT_LOST] = { "alert", "lost", LOG_LEVEL_ERROR, "n",
		N_("So many incidents at once are open that some are told to nobody."), NULL },

	[WATCH_PING_FAILED] = { "alert", "ping-failed", LOG_LEVEL_WARNING, "text",
		N_("Whoever watches this watcher was not told that it lives."),
		N_("See whether watch.ping is right, and its receiver there.") },

	[WATCH_HTTP_LISTENING] = { "http", "listening", LOG_LEVEL_INFO, "address",
		N_("The pages and the metrics are there."), NULL },
	[WATCH_HTTP_REFUSED] = { "http", "refused", LOG_LEVEL_DEBUG, "peer cause",
		N_("A request was not answered as it was asked, and why."), NULL },
	[WATCH_AUDIT] = { "audit", "act", LOG_LEVEL_INFO, "who what from result",
		N_("Somebody had the watcher do something, or was refused it; what is refused or "
		   "repeated many times is one number a minute.\nThe page /audit has the same."),
		NULL },

	[WATCH_RELOADED] = { "config", "reloaded", LOG_LEVEL_INFO, "file tests",
		N_("The configuration was read again and is in force."), NULL },
	[WATCH_NOT_RELOADED] = { "config", "not-reloaded", LOG_LEVEL_WARNING, "cause advice",
		N_("The configuration was to be read again and cannot be; the one before stays in "
		   "force."),
		N_("Mend what the lines before it name, and reload.") },
	[WATCH_FAULT] = { "config", "fault", LOG_LEVEL_WARNING, "text",
		N_("A fault of the configuration that was not taken."),
		N_("Mend what the text names, and reload.") },
	[WATCH_NEEDS_RESTART] = { "config", "needs-restart", LOG_LEVEL_WARNING, "setting",
		N_("A setting differs from what runs, and a reload does not change it."),
		N_("Restart the watcher when it suits you.") },
};
_Static_assert(COUNT(rows) == WATCH_EVENTS, "one row an event");

const struct watch_event_row *watch_event_row(enum watch_event e)
{
	return &rows[e];
}
