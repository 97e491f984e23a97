// A button that copies the text of another element; without a clipboard it selects that text.

(() => {
  "use strict";

  for (const button of document.querySelectorAll("[data-nsfw-copy]")) {
    button.addEventListener("click", async () => {
      const holder = document.getElementById(button.dataset.nsfwCopy);
      try {
        await navigator.clipboard.writeText(holder.textContent);
        button.textContent = button.dataset.done;
      } catch {
        getSelection().selectAllChildren(holder);
      }
    });
  }
})();
