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

// A picture that was asked for in the moment in which its server went off. The page shows that it has none.
const screenOfOneJustStopped = /status of 422 \(\S+ \S+\) \S+\/console\/screen/;

/** A guest that starts or ends changes the networks of the machine, and Chromium then ends what it is loading. */
export const ofTheMachine = /net::ERR_NETWORK_CHANGED/;

/**
 * Watches a page from its first request on.
 * @return {problems} console errors, script errors, policy violations and requests to elsewhere
 */
export async function watch(page, origin) {
	const problems = [];

	page.on("console", (message) => {
		const text = `console: ${message.text()} ${message.location().url}`;
		if ((message.type() === "error" || message.type() === "warning") && !screenOfOneJustStopped.test(text))
			problems.push(text);
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
