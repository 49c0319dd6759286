/* How the pages fit: no width at which they are wider than the window; what a phone's first view has; calm
 * when all is well; paper; without script; by keyboard. */
"use strict";

const { NARROW, THEMES, WIDE, check, fixtures, main, serve, window_of } = require("./browser.js");

const WIDTHS = [320, NARROW.width, 720, 900, WIDE.width];
const [program, catalogue, folder] = process.argv.slice(2);

async function widths(browser, server, names) {
	const page = await window_of(browser, { colorScheme: "light" });

	for (const width of WIDTHS) {
		const wide = [];
		await page.setViewportSize({ width, height: 844 });
		for (const name of names) {
			await page.goto(server.url + name);
			const is = await page.evaluate(() => document.documentElement.scrollWidth);
			if (is > width)
				wide.push(`${name}: ${is} px`);
		}
		check(`${names.length} pages, none wider than ${width} px`, wide.length === 0, wide);
	}
	await page.context().close();
}

/* On a phone at night: sentence, state, since, cause, next step and the run, without scrolling. */
async function first_view(browser, server, name) {
	const page = await window_of(browser, { viewport: NARROW, colorScheme: "dark" });

	await page.goto(server.url + name);
	for (const what of [".verdict h1", ".verdict p", ".att .chip", ".att .when", ".att .what p", ".att .next", '.att a[href^="/runs/"]']) {
		const box = await page.locator(what).first().boundingBox();
		check(`${name}: ${what} is in the first view`, box && box.height > 0 && box.y >= 0 && box.y + box.height <= NARROW.height, box);
	}
	await page.context().close();
}

/* Nothing has a ground but the page, down to the 90 days. */
async function calm(browser, server, theme) {
	const page = await window_of(browser, { viewport: WIDE, colorScheme: theme });

	await page.goto(server.url + "calm-overview.html");
	const grounds = await page.evaluate(() => {
		const bg = getComputedStyle(document.body).backgroundColor;
		const end = document.querySelector(".days").getBoundingClientRect().top;
		return [...document.querySelectorAll("body *")]
			.filter((e) => e.getBoundingClientRect().top < end)
			.map((e) => [e.outerHTML.slice(0, 80), getComputedStyle(e).backgroundColor])
			.filter(([, colour]) => colour !== bg && colour !== "rgba(0, 0, 0, 0)");
	});
	check(`calm, ${theme}: no ground above the 90 days but the page's`, grounds.length === 0, grounds);
	await page.context().close();
}

async function sheets(page, url) {
	await page.goto(url);
	const pdf = await page.pdf({ format: "A4", printBackground: true });
	return pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length;
}

async function paper(browser, server) {
	const page = await window_of(browser, { viewport: WIDE, colorScheme: "dark" });

	for (const [name, most] of [["month", 1], ["overview", 2], ["calm-overview", 2]]) {
		const n = await sheets(page, `${server.url}${name}.html`);
		check(`${name}: ${most} A4 at most`, n <= most, n);
	}
	await page.emulateMedia({ media: "print" });
	const [ground, ink] = await page.evaluate(() => {
		const style = getComputedStyle(document.body);
		return [style.backgroundColor, style.color];
	});
	check("a dark desktop prints black on white", ground === "rgb(255, 255, 255)" && ink === "rgb(0, 0, 0)", [ground, ink]);
	await page.context().close();
}

/* The script adds nothing but what is live. */
async function without_script(browser, server, names) {
	const texts = [];

	for (const javaScriptEnabled of [true, false]) {
		const page = await window_of(browser, { viewport: WIDE, javaScriptEnabled });
		const all = [];
		for (const name of names) {
			await page.goto(server.url + name);
			all.push((await page.locator("main").innerText()).trim());
		}
		texts.push(all);
		await page.context().close();
	}
	names.forEach((name, i) => check(`${name} says the same without script`, texts[0][i] === texts[1][i]));
}

async function focus(page) {
	return page.evaluate(() => {
		const e = document.activeElement;
		const box = e.getBoundingClientRect();
		const style = getComputedStyle(e);
		return {
			what: e.outerHTML.slice(0, 90),
			is_end: e === document.body,
			is_seen: box.width > 0 && box.right > 0 && box.bottom > 0 && box.top < innerHeight,
			is_marked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
		};
	});
}

async function keyboard(browser, server, name) {
	const page = await window_of(browser, { viewport: NARROW });
	const unseen = [];
	let n = 0;

	await page.goto(server.url + name);
	const all = await page.evaluate(() =>
		[...document.querySelectorAll("a[href], button, select, input:not([type=hidden]), summary, [tabindex='0']")]
			.filter((e) => e.checkVisibility()).length);
	for (; n < 1000; n++) {
		await page.keyboard.press("Tab");
		const now = await focus(page);
		if (now.is_end)
			break;
		if (!now.is_seen || !now.is_marked)
			unseen.push(now);
	}
	check(`${name}: the keyboard reaches each of ${all} places and leaves again`, n === all, n);
	check(`${name}: and each is seen and marked when it does`, unseen.length === 0, unseen.slice(0, 5));
	await page.goto(server.url + name);
	await page.keyboard.press("Tab");
	await page.keyboard.press("Enter");
	check(`${name}: the first leads to the content`, await page.evaluate(() => document.activeElement === document.querySelector("main")));
	await page.context().close();
}

main(async (browser) => {
	const names = fixtures(program, catalogue, folder);
	const server = await serve(folder);

	await widths(browser, server, names);
	for (const name of ["overview.html", "fr-overview.html", "failed-overview.html"])
		await first_view(browser, server, name);
	for (const theme of THEMES)
		await calm(browser, server, theme);
	await paper(browser, server);
	await without_script(browser, server, ["overview.html", "test.html", "run.html", "incidents.html", "public.html", "month.html"]);
	for (const name of ["overview.html", "test.html", "incidents.html", "public.html"])
		await keyboard(browser, server, name);
	server.end();
});
