// Lets the reader choose light or dark. The choice is kept in a cookie, so that the server can
// write it into the page and nothing flashes; without a choice the device's own setting holds.

const root = document.documentElement;
const button = document.querySelector("[data-theme-switch]");
const device = matchMedia("(prefers-color-scheme: dark)");
const aYear = 60 * 60 * 24 * 365;

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : device.matches;
}

function show() {
  button.setAttribute("aria-pressed", String(isDark()));
}

if (button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=${aYear}; SameSite=Lax`;
    show();
  });
  device.addEventListener("change", show);
  show();
}
