// No answer before its picture is there, and none twice: a key that is pressed twice says nothing
// of the next one.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
    const form = document.querySelector("[data-nsfw-question]");
    const picture = document.querySelector("[data-nsfw-blurred]");
    let sent = false;
    if (!form) {
        return;
    }
    form.addEventListener("submit", (event) => {
        if (sent || !picture.complete) {  // complete is also what failed; a sentence says why
            event.preventDefault();
        }
        sent ||= picture.complete;
    });
    // Whoever goes back to the page as it was left may answer it.
    window.addEventListener("pageshow", () => (sent = false));
});
