// Reveals the picture of a scan in place, and hides it again. Without this script the same form
// sends the picture as a page of its own. Needs moving.js. A page that brings in another picture says so by the
// event "nsfw:shown" on its section.
"use strict";

const uncovered = new Set();

function look(section) {
    const part = (name) => section.querySelector(`[data-nsfw-${name}]`);
    const blurred = part("blurred"), canvas = part("revealed"), form = part("reveal");
    const said = part("said"), hide = part("hide"), seen = part("seen"), rest = part("rest");

    function cover() {
        uncovered.delete(cover);
        canvas.hidden = true;
        wipe(canvas);
        blurred.hidden = false;
        if (hide) {
            hide.hidden = true;
        }
    }

    async function explain(response) {
        const type = response.headers.get("Content-Type") || "";
        const refused = response.redirected || response.status === 403;
        said.textContent = type.startsWith("text/plain")
            ? await response.text() : section.dataset[refused ? "forbidden" : "failed"];
    }

    async function whyNot() {
        try {
            const response = await fetch(blurred.src);
            if (response.ok) {
                said.textContent = section.dataset.failed;
            } else {
                await explain(response);
            }
        } catch {
            said.textContent = section.dataset.failed;
        }
    }

    async function reveal(event) {
        event.preventDefault();
        const body = new FormData(form, event.submitter);
        if (!mayMove()) {
            body.set("still", "1");
        }
        said.textContent = "";
        try {
            const response = await fetch(form.action, {method: "POST", body});
            const type = response.headers.get("Content-Type");
            if (!response.ok || type !== "image/webp") {
                await explain(response);
                return;
            }
            await drawInto(canvas, await response.blob());
            canvas.classList.toggle("nsfw-strip", canvas.height > 2.5 * canvas.width);
            if (document.hidden || !section.isConnected) {
                wipe(canvas);
                return;
            }
            uncovered.add(cover);
            canvas.hidden = hide.hidden = false;
            blurred.hidden = true;
            seen.textContent = response.headers.get("NSFW-Reveals");
            if (rest) {
                rest.hidden = Number(seen.textContent) <= Number(section.dataset.limit);
            }
        } catch {
            said.textContent = section.dataset.failed;
        }
    }

    blurred.addEventListener("error", whyNot);
    if (blurred.complete && !blurred.naturalWidth) {
        whyNot();
    }
    if (form) {
        form.addEventListener("submit", reveal);
        hide.addEventListener("click", cover);
    }
}

function coverAll() {
    uncovered.forEach((cover) => cover());
}

// Nobody meets the picture again by going back, or by coming back to the window.
window.addEventListener("pagehide", coverAll);
document.addEventListener("visibilitychange", () => document.hidden && coverAll());
document.addEventListener("nsfw:shown", (event) => look(event.target));

document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-nsfw-looking]").forEach(look);
});
