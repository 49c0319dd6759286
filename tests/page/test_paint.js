/* A page of 1,000 tests: how large it is, and, printed and not judged, how long Chromium takes to its
 * first paint, beside a page of one line, which costs what this machine and its browser cost. */
"use strict";

const fs = require("fs");
const path = require("path");
const { WIDE, check, fixtures, main, serve, window_of } = require("./browser.js");

const SIZE = 300 * 1000, TRIES = 15;
const [program, catalogue, folder] = process.argv.slice(2);

/* The best of some: what else runs on this machine is not the page's. */
async function first_paint(page, url) {
	const all = [];

	for (let i = 0; i < TRIES; i++) {
		await page.goto(url);
		all.push(await page.evaluate(() => new Promise((resolve) => {
			const look = () => {
				const found = performance.getEntriesByName("first-contentful-paint")[0];
				if (found)
					resolve(found.startTime);
				else
					requestAnimationFrame(look);
			};
			look();
		})));
	}
	return Math.min(...all);
}

main(async (browser) => {
	fixtures(program, catalogue, folder);
	fs.writeFileSync(path.join(folder, "one-line.html"), '<!DOCTYPE html><html lang="en"><title>x</title><p>One line.</p></html>');
	const server = await serve(folder);
	const page = await window_of(browser, { viewport: WIDE });
	const base = await first_paint(page, `${server.url}one-line.html`);

	console.log(`a page of one line: ${base.toFixed(0)} ms`);
	for (const name of ["1000-overview", "1000-failed-overview", "1000-tests", "1000-failed-tests"]) {
		const size = fs.statSync(path.join(folder, `${name}.html`)).size;
		const took = await first_paint(page, `${server.url}${name}.html`);
		check(`${name}: ${(size / 1000).toFixed(0)} kB of ${SIZE / 1000}`, size <= SIZE);
		console.log(`${name}: first paint in ${took.toFixed(0)} ms, the page of one line ${base.toFixed(0)}`);
	}
	server.end();
});
