// A link that is shown once goes onto the clipboard. Where that is not allowed, such as under an address without https, it is selected instead.

for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(/** @type {HTMLElement} */ (button).dataset.copy ?? "");
  const said = document.getElementById("copied");
  button.addEventListener("click", async () => {
    if (!source || !said) return;
    try {
      await navigator.clipboard.writeText(source.textContent ?? "");
      said.textContent = "The link is on the clipboard.";
    } catch {
      getSelection()?.selectAllChildren(source);
      said.textContent = "This browser does not allow copying. The link is selected, so copy it by hand.";
    }
  });
}
