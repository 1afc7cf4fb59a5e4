// Sends a kept form as soon as its page is there, so that nobody has to press twice.

document.querySelector("form[data-send-at-once]")?.requestSubmit();
