/* A real watcher beside a lab, in a browser: its pages break no rule and no policy and ask nobody else; a
 * failure shows in the page that is open, without a row that moves; what was said is in the run's page. */
"use strict";

const { spawn } = require("child_process");
const fs = require("fs");
const path = require("path");
const { WIDE, check, main, window_of } = require("./browser.js");

const AWAIT_MS = 120000; /* on a machine that is busy */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [, , folder, stox] = process.argv.slice(2);
const KEY = "pool.litware.test/contoso.test/to";
const WATCH = `watch:
  listen: ["127.0.0.1:0"]
  history: { file: history.db }
  defaults: { interval: 1, timeout: 5, retries: 0, fail: 1 of 1, recover: 1 }
  tests:
    - { kind: im, direction: to }
    - { kind: register }
`;

/* A program whose output says when it is ready: what the pattern finds. */
function start(args, stream, pattern) {
	const program = spawn(stox, args, { env: { ...process.env, XDG_RUNTIME_DIR: folder, XDG_STATE_HOME: folder }, stdio: ["ignore", "pipe", "pipe"] });
	let text = "";

	program.ended = new Promise((resolve) => program.on("exit", resolve));
	program.stdout.on("data", () => {});
	program.stderr.on("data", () => {});
	return new Promise((resolve, reject) => {
		program[stream].on("data", (data) => {
			text += data;
			const found = pattern.exec(text);
			if (found)
				resolve([program, found]);
		});
		program.on("exit", () => reject(new Error(`${args[0]} ended: ${text}`)));
	});
}

async function end(program) {
	program.kill("SIGTERM");
	await program.ended;
}

async function watch_the_lab() {
	fs.rmSync(folder, { recursive: true, force: true });
	fs.mkdirSync(folder, { recursive: true });
	const [lab] = await start(["lab", "--write-config", folder], "stdout", /Ctrl-C/);
	const config = path.join(folder, "watch.yaml");
	fs.writeFileSync(config, fs.readFileSync(path.join(folder, "stox.yaml"), "utf8") + WATCH);
	const [watcher, found] = await start(["watch", "--config", config, "-v"], "stderr", /http listening address=(127\.0\.0\.1:\d+)[^]*watch ready/);
	return { lab, watcher, url: `http://${found[1]}` };
}

async function rules(page, url, paths) {
	const others = [];

	page.on("request", (request) => {
		if (!request.url().startsWith(url))
			others.push(request.url());
	});
	for (const one of paths) {
		await page.goto(url + one);
		await page.evaluate(axe);
		const found = await page.evaluate((tags) => axe.run(document, { runOnly: tags, resultTypes: ["violations"] }), TAGS);
		check(`${one}: no rule is broken`, found.violations.length === 0, found.violations.map((v) => [v.id, v.nodes[0].html]));
		check(`${one}: nothing that its policy forbids`, page.faults.length === 0, page.faults.splice(0));
	}
	check("nothing is asked of anybody else", others.length === 0, others);
}

/* Of good runs one an hour is kept whole, the first: the last of all lists. */
async function a_run(page, url) {
	await page.goto(`${url}/t/${KEY}`);
	for (const older = page.locator('a[href*="/runs?before="]'); await older.count();)
		await older.click();
	await page.locator('a[href^="/runs/"]').last().click();
	await page.waitForURL("**/runs/*");
	const labels = await page.locator(".ld .a").allTextContents();
	check("a run's page has the messages of both sides", labels.some((l) => l.includes("MESSAGE sip:")) && labels.some((l) => l.includes("<message")), labels);
	const line = page.locator(".ld details", { hasText: "MESSAGE sip:" }).first();
	await line.locator("summary").click();
	check("and opens to a whole one", await line.locator("pre", { hasText: "CSeq:" }).isVisible());
	await page.goto(`${url}/t/${KEY}`);
	await page.getByRole("button", { name: "Run it now" }).click();
	check("a run by hand leads back to the test", page.url() === `${url}/t/${KEY}`, page.url());
}

const rows_of = (page) => page.evaluate(() => {
	const top = document.querySelector(".mx").getBoundingClientRect().top;
	return [...document.querySelectorAll(".mx tr")].map((row) =>
		[row.querySelector("th, td").textContent, Math.round(row.getBoundingClientRect().top - top)]);
});

/* The lab is gone: the cell, the sentence, the title, the icon, and what a screen reader says. */
async function a_failure(page, url, lab) {
	await page.goto(url);
	await page.locator(".c.to.ok").waitFor({ timeout: AWAIT_MS });
	await page.locator(".c.to").focus();
	const before = await page.evaluate(() => {
		window.is_the_same = true;
		return [document.activeElement.id, document.getElementById("icon").href];
	});
	const rows = await rows_of(page);

	await end(lab);
	await page.locator(".c.to.bad").waitFor({ timeout: AWAIT_MS });
	await page.waitForFunction(() => document.title.startsWith("2 failed"), null, { timeout: AWAIT_MS });
	const after = await page.evaluate(() => [document.activeElement.id, document.getElementById("icon").href]);
	check("the page was not loaded anew", await page.evaluate(() => window.is_the_same === true));
	check("no row has moved", JSON.stringify(await rows_of(page)) === JSON.stringify(rows), [rows, await rows_of(page)]);
	check("the cell keeps the focus", after[0] === before[0] && before[0].startsWith("c"), [before, after]);
	check("the icon is another one", after[1] !== before[1], after);
	await page.waitForFunction(() => document.getElementById("said").textContent === document.querySelector("#verdict h1").textContent,
		null, { timeout: AWAIT_MS });
	check("the sentence is spoken", true);
	check("the next step is there", await page.locator(".att .next").first().isVisible());
	await page.goto(`${url}/tests?state=failed`);
	check("the list of what failed", await page.locator("tr[id^=r]").count() === 2);
}

/* The stream is lost: the page says from when it is. */
async function lost(browser, url, watcher) {
	const page = await window_of(browser, { viewport: WIDE });

	await page.clock.install();
	await page.goto(url);
	check("nothing is stale yet", !(await page.locator("#stale").isVisible()));
	await end(watcher);
	await page.clock.fastForward(60000);
	await page.locator("#stale").waitFor({ timeout: AWAIT_MS });
	check("then it says so", /\d\d:\d\d/.test(await page.locator("#stale").textContent()), await page.locator("#stale").textContent());
	await page.context().close();
}

main(async (browser) => {
	const { lab, watcher, url } = await watch_the_lab();

	try {
		const page = await window_of(browser, { viewport: WIDE });
		await page.goto(url);
		await page.locator(".c.to.ok").waitFor({ timeout: AWAIT_MS });
		await rules(page, url, ["/", "/tests", `/t/${KEY}`, `/t/${KEY}/runs`, "/t/pool.litware.test/register", "/incidents",
			"/maintenance", "/pools/pool.litware.test", "/partners/contoso.test", "/?lang=fr", "/?lang=en"]);
		await a_run(page, url);
		await a_failure(page, url, lab);
		await rules(page, url, ["/", `/t/${KEY}`, "/incidents"]);
		await lost(browser, url, watcher);
	} finally {
		lab.kill("SIGTERM");
		watcher.kill("SIGTERM");
	}
});
