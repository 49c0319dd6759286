/* screenshots.js PAGE_FIXTURES CATALOGUE FOLDER OUT - the seven pages, wide and narrow, light and dark,
 * as doc/ shows them; and the same as who is colour-blind sees them, when --eyes stands behind. */
"use strict";

const fs = require("fs");
const path = require("path");
const { NARROW, THEMES, WIDE, fixtures, main, serve, window_of } = require("./browser.js");

const PAGES = {
	overview: "overview", "overview-calm": "calm-overview", test: "test", run: "run",
	incidents: "incidents", public: "public", report: "month",
};
const EYES = ["achromatopsia", "deuteranopia"];
const [program, catalogue, folder, out, how] = process.argv.slice(2);

async function shoot(page, file) {
	await page.screenshot({ path: path.join(out, `${file}.png`), fullPage: true, animations: "disabled" });
}

async function shoot_all(browser, server, size, theme) {
	const page = await window_of(browser, { viewport: size, colorScheme: theme });
	const wire = await page.context().newCDPSession(page);

	for (const [name, file] of Object.entries(PAGES)) {
		await page.goto(`${server.url}${file}.html`);
		await shoot(page, `${name}-${size.width}-${theme}`);
		for (const type of how === "--eyes" ? EYES : []) {
			await wire.send("Emulation.setEmulatedVisionDeficiency", { type });
			await shoot(page, `${name}-${size.width}-${theme}-${type}`);
		}
		await wire.send("Emulation.setEmulatedVisionDeficiency", { type: "none" });
	}
	await page.context().close();
}

main(async (browser) => {
	fixtures(program, catalogue, folder);
	fs.mkdirSync(out, { recursive: true });
	const server = await serve(folder);

	for (const size of [WIDE, NARROW])
		for (const theme of THEMES)
			await shoot_all(browser, server, size, theme);
	server.end();
});
