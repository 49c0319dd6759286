/* The stream: parts of the page that have an id are replaced, and no row moves.  Without it the page
 * is whole; with it lost the head says from when the page is. */
(function () {
	"use strict";
	var stale = document.getElementById("stale");
	var said = document.getElementById("said");
	if (!stale || !said || !window.EventSource)
		return;
	var silence = Math.max(Number(stale.dataset.ms) || 0, 30000);
	var QUIET = 10000; /* between two changes that are spoken */
	var heardAt = Date.now(), saidAt = 0, waiting = null;

	function say(text) {
		waiting = text;
		if (Date.now() - saidAt < QUIET)
			return;
		said.textContent = waiting;
		saidAt = Date.now();
		waiting = null;
	}

	/* What has the focus keeps it: who walks the matrix by keyboard is not thrown out. */
	function replace(part) {
		var old = part.id && document.getElementById(part.id);
		if (!old || old.outerHTML === part.outerHTML)
			return;
		var hadFocus = old.contains(document.activeElement), spark = old.querySelector(".sp");
		if (spark && !part.querySelector(".sp"))
			part.appendChild(spark);
		if (part.id === "verdict" && part.querySelector("h1").textContent !==
				old.querySelector("h1").textContent)
			say(part.querySelector("h1").textContent);
		old.replaceWith(part);
		if (hadFocus && part.matches("a"))
			part.focus({ preventScroll: true });
	}

	function heard() {
		heardAt = Date.now();
		stale.hidden = true;
	}

	var stream = new EventSource("/events?page=" + encodeURIComponent(location.pathname +
		location.search));
	stream.addEventListener("part", function (e) {
		var holder = document.createElement("template");
		heard();
		holder.innerHTML = e.data;
		Array.from(holder.content.children).forEach(replace);
	});
	stream.addEventListener("title", function (e) {
		heard();
		document.title = e.data + document.title.slice(document.title.lastIndexOf(" \u00b7 "));
	});
	stream.addEventListener("icon", function (e) {
		document.getElementById("icon").href = e.data;
	});
	setInterval(function () {
		if (waiting)
			say(waiting);
		if (Date.now() - heardAt > silence)
			stale.hidden = false;
	}, 1000);
})();
