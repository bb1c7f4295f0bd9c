// Tells the page that opened this window that it is there, or what went wrong, and goes where
// the page sends it: some embedders give a page no hold of its windows.
"use strict";
(() => {
  const opener = window.opener;
  if (!opener) return;
  const origin = new URLSearchParams(location.search).get("opener_origin") ?? location.origin;
  window.addEventListener("message", (event) => {
    if (event.source !== opener || event.origin !== origin) return;
    const to = URL.parse(event.data?.location);
    if (to?.protocol === "https:" || to?.protocol === "http:") location.replace(to);
  });
  const { error } = document.documentElement.dataset;
  const words = document.querySelector("p").textContent;
  try {
    opener.postMessage(error ? { error: words } : "authWindow:ready", origin);
  } catch {
    // The address names no origin: there is nobody to tell.
  }
})();
