/* The Nu Html Checker has nothing to say of any page, no error and no warning, nor of the styles. */
"use strict";

const { spawnSync } = require("child_process");
const fs = require("fs");
const path = require("path");
const { check, end, fixtures } = require("./browser.js");

const jar = path.join(path.dirname(require.resolve("vnu-jar/package.json")), "build/dist/vnu.jar");
const [program, catalogue, folder] = process.argv.slice(2);
const names = fixtures(program, catalogue, folder);
const bad = path.join(folder, "bad.html");

function say_of(files) {
	const done = spawnSync("java", ["-Xmx512m", "-jar", jar, "--stdout", "--format", "json", ...files], { encoding: "utf8", maxBuffer: 1 << 26 });
	return done.error ? [{ message: String(done.error) }] : JSON.parse(done.stdout).messages;
}

const found = say_of(names.map((name) => path.join(folder, name)));
for (const name of names) {
	const of_it = found.filter((one) => one.url && one.url.endsWith(`/${name}`));
	check(name, of_it.length === 0, of_it.slice(0, 5));
}
check("nothing of another file", found.every((one) => one.url), found.slice(0, 5));
const style = say_of(["--css", path.join(folder, "assets/page.css")]);
check("page.css", style.length === 0, style.slice(0, 10));
fs.writeFileSync(bad, "<!DOCTYPE html><html lang=en><title>x</title><p><a href=/><a href=/>");
check("the checker finds what is wrong", say_of([bad]).length > 0);
end();
