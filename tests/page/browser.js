/* What the tests of the pages share: Debian's Chromium, a server of the files that page_fixtures
 * wrote, and the lines that say what holds. */
"use strict";

const { execFileSync } = require("child_process");
const fs = require("fs");
const http = require("http");
const path = require("path");
const { chromium } = require("playwright-core");

const NARROW = { width: 390, height: 844 };
const WIDE = { width: 1300, height: 900 };
const THEMES = ["light", "dark"];
const TYPES = { ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml" };

let failed = 0;

function check(what, ok, shown = "") {
	console.log(`${ok ? "ok" : "FAILED"}: ${what}`);
	if (!ok && shown !== "")
		console.log(typeof shown === "string" ? shown : JSON.stringify(shown, null, 1));
	failed += !ok;
}

/* The last line, and the end. */
function end() {
	console.log(failed ? `${failed} failed` : "all hold");
	process.exit(failed ? 1 : 0);
}

/* The pages of the fixtures in all their moods, as page_fixtures writes them anew below the folder:
 * their names, each page once. */
function fixtures(program, catalogue, folder) {
	fs.rmSync(folder, { recursive: true, force: true });
	fs.mkdirSync(folder, { recursive: true });
	execFileSync(program, catalogue ? [folder, catalogue] : [folder]);
	const seen = new Map();
	for (const name of fs.readdirSync(folder).filter((one) => one.endsWith(".html")).sort()) {
		const text = fs.readFileSync(path.join(folder, name), "utf8");
		if (!seen.has(text) || name.length < seen.get(text).length)
			seen.set(text, name);
	}
	return [...seen.values()].sort();
}

/* As the watcher answers: with the policy that allows nothing but its own files. */
function serve(folder) {
	const policy = fs.readFileSync(path.join(folder, "policy"), "utf8");
	const server = http.createServer((request, response) => {
		const name = path.join(folder, path.normalize(new URL(request.url, "http://x").pathname));
		const type = TYPES[path.extname(name)] || "text/html; charset=utf-8";

		if (!fs.existsSync(name) || fs.statSync(name).isDirectory()) {
			response.writeHead(404).end();
			return;
		}
		response.writeHead(200, { "Content-Type": type, "Content-Security-Policy": policy });
		response.end(fs.readFileSync(name));
	});
	return new Promise((resolve) =>
		server.listen(0, "127.0.0.1", () =>
			resolve({ url: `http://127.0.0.1:${server.address().port}/`, end: () => server.close() })));
}

/* Chromium asks for a sandbox that root cannot have; it only sees pages of ours. */
function open() {
	return chromium.launch({
		executablePath: "/usr/bin/chromium",
		args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none", "--force-color-profile=srgb"],
	});
}

/* A window in which a page that breaks its policy, or whose script fails, is a failed check. */
async function window_of(browser, options) {
	const context = await browser.newContext({ locale: "en-GB", timezoneId: "Europe/Paris", ...options });
	const page = await context.newPage();

	page.faults = [];
	page.on("pageerror", (error) => page.faults.push(String(error)));
	page.on("console", (line) => {
		/* The fixtures have no stream: that it is not there is said by the browser itself. */
		if (line.type() === "error" && !line.text().startsWith("Failed to load resource"))
			page.faults.push(line.text());
	});
	return page;
}

async function main(run) {
	const browser = await open();

	try {
		await run(browser);
	} finally {
		await browser.close();
	}
	end();
}

module.exports = { NARROW, THEMES, WIDE, check, end, fixtures, main, serve, window_of };
