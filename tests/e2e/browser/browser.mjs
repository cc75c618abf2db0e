// Debian's Chromium, and a page that reports whatever must not happen in it.

import { chromium } from "playwright-core";

export const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync"];

export function startBrowser() {
	return chromium.launch({
		executablePath: process.env.IPPO_CHROMIUM ?? "/usr/bin/chromium",
		headless: true,
		args: flags.filter((flag) => flag !== "--headless"),
	});
}

/**
 * Watches a page from its first request on.
 * @return {problems} console errors, script errors, policy violations and requests to elsewhere
 */
export async function watch(page, origin) {
	const problems = [];

	page.on("console", (message) => {
		if (message.type() === "error" || message.type() === "warning")
			problems.push(`console: ${message.text()} ${message.location().url}`);
	});
	page.on("pageerror", (error) => problems.push(`script: ${error.stack ?? error}`));
	page.on("request", (request) => {
		if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith("data:"))
			problems.push(`elsewhere: ${request.url()}`);
	});
	await page.exposeFunction("reportViolation", (text) => problems.push(`policy: ${text}`));
	await page.addInitScript(() => {
		addEventListener("securitypolicyviolation", (event) =>
			window.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
	});
	return problems;
}
