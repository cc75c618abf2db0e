// Gives a text to the browser to save.

export function saveFile(name, text) {
	const link = document.createElement("a");
	link.href = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
	link.download = name;
	link.click();
	// The browser has read it by then.
	setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
