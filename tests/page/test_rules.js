/* axe-core's rules of WCAG 2.0 to 2.2, A and AA, and its best practice, for every page: there is no
 * list of exceptions.  Of text in drawings axe cannot tell the ground: the colours themselves are
 * measured too, each on the grounds that it stands on. */
"use strict";

const fs = require("fs");
const { NARROW, THEMES, WIDE, check, fixtures, main, serve, window_of } = require("./browser.js");

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];
const TEXT = 4.5, SHAPE = 3; /* WCAG 2.2, 1.4.3 and 1.4.11 */
const PAIRS = [
	...["fg", "dim", "link", "ok", "warn", "bad", "unk", "mnt"].map((name) => [name, "bg", TEXT]),
	...["fg", "dim", "link"].map((name) => [name, "card", TEXT]),
	["warn", "warnbg", TEXT], ["bad", "badbg", TEXT], ["fg", "badbg", TEXT], ["mnt", "mntbg", TEXT], ["unk", "unkbg", TEXT],
	["onbad", "bad", TEXT],
	...["edge", "okline", "warnfill", "bad", "signin", "there", "back", "sipbar", "xmppbar", "ghost"].map((name) => [name, "bg", SHAPE]),
];
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [program, catalogue, folder] = process.argv.slice(2);

/* What a theme or a width changes is seen in some of the moods. */
const RUNS = [
	{ size: WIDE, theme: "light", of: /./ },
	{ size: WIDE, theme: "dark", of: /^(calm-)?[^-]+\.html$|^(unknown|failed)-(overview|test)/ },
	{ size: NARROW, theme: "light", of: /^[^-]+\.html$|^(fr|long)-(overview|tests?|run|incidents|public)\.html$/ },
];

async function faults_of(page, url) {
	await page.goto(url);
	await page.evaluate(axe);
	const found = await page.evaluate((tags) => axe.run(document, { runOnly: tags, resultTypes: ["violations"] }), TAGS);
	return found.violations.map((v) => `${v.id}: ${v.help}\n` +
		v.nodes.slice(0, 3).map((n) => `   ${n.html.slice(0, 200)}\n      ${n.failureSummary}`).join("\n"));
}

/* The relative luminance of "#rgb" or "#rrggbb" (WCAG 2.2, section 5). */
function luminance(colour) {
	const hex = colour.slice(1).replace(/^(.)(.)(.)$/, "$1$1$2$2$3$3");
	const [r, g, b] = [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
		.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
	return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
	const [dark, bright] = [luminance(a), luminance(b)].sort((x, y) => x - y);
	return (bright + 0.05) / (dark + 0.05);
}

async function colours(browser, server, theme) {
	const page = await window_of(browser, { colorScheme: theme });

	await page.goto(server.url + "overview.html");
	for (const [ink, ground, least] of PAIRS) {
		const [a, b] = await page.evaluate((names) => names.map((name) =>
			getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()), [ink, ground]);
		const is = contrast(a, b);
		check(`${theme}: ${ink} on ${ground} is ${is.toFixed(1)}, at least ${least}`, is >= least);
	}
	await page.context().close();
}

main(async (browser) => {
	const names = fixtures(program, catalogue, folder);
	const server = await serve(folder);

	for (const theme of THEMES)
		await colours(browser, server, theme);
	for (const { size, theme, of } of RUNS) {
		const page = await window_of(browser, { viewport: size, colorScheme: theme });

		for (const name of names.filter((one) => of.test(one))) {
			const faults = await faults_of(page, server.url + name);
			check(`${name}, ${size.width} px, ${theme}`, faults.length === 0, faults.join("\n"));
			check(`${name}: nothing that its policy forbids`, page.faults.length === 0, page.faults.splice(0));
		}
		await page.context().close();
	}
	server.end();
});
