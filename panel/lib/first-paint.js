// Runs before the first paint, as a classic script: a chosen theme and language must not flash.
(() => {
	const root = document.documentElement;
	try {
		const theme = localStorage.getItem("ippo.theme");
		if (theme === "light" || theme === "dark")
			root.dataset.theme = theme;
		const chosen = localStorage.getItem("ippo.language");
		const wanted = chosen ?? navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag === "ja" || tag === "en");
		root.lang = wanted === "en" ? "en" : "ja";
	} catch {
		// Storage is forbidden here: the page's own defaults stand.
	}
})();
