// A key presses the button that names it: data-nsfw-key="a", or several, "j ArrowRight". So every
// key is also a button that can be seen, and what a button may not do no key does either. A field
// that names a key gets the focus.
//
// The help dialog (queue/help.html) lists what is on the page. A button says what it does in
// [data-nsfw-says], else in its text without the <kbd>. Keys that no button has, which a script of the
// page knows, stand in data-nsfw-also="Shift+x Home" of an element that says what they do.
"use strict";

const KEYS = "[data-nsfw-key]";
const ALSO = "[data-nsfw-also]";
const TYPING = "input:not([type=button], [type=submit], [type=checkbox], [type=radio]), textarea, "
    + "select, [contenteditable]";
const PRESSED_BY_SPACE = "a, button, input, summary, [role=tab]";
const PRESSED_BY_ENTER = "a, button, summary";

function keysOf(button) {
    return button.dataset.nsfwKey.split(" ").map((key) => (key === "Space" ? " " : key));
}

function usable(button) {
    return !button.disabled && button.getAttribute("aria-disabled") !== "true"
        && button.checkVisibility({visibilityProperty: true});
}

function press(event) {
    const {key, target} = event;
    if (event.defaultPrevented || event.repeat || event.isComposing
        || event.ctrlKey || event.altKey || event.metaKey
        || (event.shiftKey && /^\p{L}$/u.test(key))
        || !(target instanceof Element) || document.querySelector("dialog[open]")) {
        return;
    }
    if (target.closest(TYPING)) {
        if (key === "Escape") {
            target.blur();
        }
        return;
    }
    // Whoever moves about with Tab presses what has the focus.
    if (key === " " && target.closest(PRESSED_BY_SPACE)
        || key === "Enter" && target.closest(PRESSED_BY_ENTER)) {
        return;
    }
    const lower = key.length === 1 ? key.toLowerCase() : key;
    const buttons = [...document.querySelectorAll(KEYS)];
    const button = buttons.find((button) => keysOf(button).includes(lower) && usable(button));
    if (button) {
        event.preventDefault();
        if (button.matches(TYPING)) {
            button.focus();
        } else {
            button.click();
        }
    }
}

function says(button) {
    if (button.dataset.nsfwSays) {
        return button.dataset.nsfwSays;
    }
    const named = button.querySelector("[data-nsfw-says]") || button;
    const words = named.cloneNode(true);
    words.querySelectorAll("kbd").forEach((kbd) => kbd.remove());
    return words.textContent.trim() || button.getAttribute("aria-label");
}

function list(dialog) {
    const names = JSON.parse(dialog.dataset.names || "{}"), said = new Set(), rows = [];
    for (const button of document.querySelectorAll(`${KEYS}, ${ALSO}`)) {
        const keys = button.dataset.nsfwKey || button.dataset.nsfwAlso;
        if (said.has(keys)) {
            continue;
        }
        said.add(keys);
        const term = document.createElement("dt"), meaning = document.createElement("dd");
        for (const key of keys.split(" ")) {
            const kbd = document.createElement("kbd");
            kbd.textContent = key.split("+").map((part) => names[part] || part).join(" + ");
            term.append(kbd, " ");
        }
        meaning.textContent = says(button);
        rows.push(term, meaning);
    }
    dialog.querySelector("[data-nsfw-keys]").replaceChildren(...rows);
}

document.addEventListener("DOMContentLoaded", () => {
    document.addEventListener("keydown", press);
    const dialog = document.querySelector("[data-nsfw-help]");
    if (!dialog) {
        return;
    }
    document.addEventListener("click", (event) => {
        if (event.target.closest("[data-nsfw-help-open]")) {
            list(dialog);
            dialog.showModal();
        } else if (event.target === dialog) {  // beside it
            dialog.close();
        }
    });
    document.querySelectorAll("[data-nsfw-help-open]").forEach((button) => (button.hidden = false));
});
