// Reveals the picture of a scan in place, and hides it again. Without this script the same form
// sends the picture as a page of its own. Needs moving.js. A page that brings in another picture says so by the
// event "nsfw:shown" on its section.
"use strict";

const uncovered = new Set();

function look(section) {
    const part = (name) => section.querySelector(`[data-nsfw-${name}]`);
    const blurred = part("blurred"), canvas = part("revealed"), form = part("reveal");
    const said = part("said"), absent = part("absent"), hide = part("hide"),
        seen = part("seen"), rest = part("rest");

    function cover() {
        uncovered.delete(cover);
        canvas.hidden = true;
        wipe(canvas);
        blurred.hidden = !absent.hidden;
        if (hide) {
            hide.hidden = true;
        }
    }

    async function why(response) {
        const type = response.headers.get("Content-Type") || "";
        const refused = response.redirected || response.status === 403;
        return type.startsWith("text/plain")
            ? response.text() : section.dataset[refused ? "forbidden" : "failed"];
    }

    // In the place of a picture that does not come stands why, and what to do.
    async function whyNot() {
        let words = section.dataset.failed;
        try {
            const response = await fetch(blurred.src);
            words = response.ok ? words : await why(response);
        } catch {
            // as it is
        }
        absent.hidden = false;
        absent.textContent = words;
        blurred.hidden = true;
    }

    function came() {
        absent.hidden = true;
        blurred.hidden = !canvas.hidden;
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
                const words = await why(response);
                said.textContent = absent.hidden || absent.textContent !== words ? words : "";
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
            blurred.hidden = absent.hidden = true;
            seen.textContent = response.headers.get("NSFW-Reveals");
            if (rest) {
                rest.hidden = Number(seen.textContent) <= Number(section.dataset.limit);
            }
        } catch {
            said.textContent = section.dataset.failed;
        }
    }

    blurred.addEventListener("error", whyNot);
    blurred.addEventListener("load", came);
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
