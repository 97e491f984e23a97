// Shows which parts of the picture drove its score, and hides that again. One may decide, or go on,
// while the site works it out. Needs single.js. Without this script the same form loads a page with it.
"use strict";

async function explain(form) {
    const button = form.querySelector("button"), heat = find("heat"), where = find("where");

    function toggle(shown) {
        heat.hidden = where.hidden = !shown;
        button.setAttribute("aria-pressed", shown);
    }

    if (button.getAttribute("aria-busy")) {
        return;
    }
    if (heat.childElementCount) {
        toggle(heat.hidden);
        return;
    }
    button.setAttribute("aria-busy", true);
    where.textContent = button.dataset.busy;
    try {
        const {ok, told} = await answer(form.getAttribute("action"), new FormData(form));
        if (ok) {
            heat.innerHTML = told.heat;
            where.innerHTML = told.where;
            toggle(true);
        } else {
            where.textContent = told.said;
        }
    } catch (error) {
        where.textContent = "";
        if (form.isConnected) {  // or else it was about an item that is gone from the screen
            problem(error);
        }
    } finally {
        button.removeAttribute("aria-busy");
    }
}

document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-nsfw-explain]")) {
        event.preventDefault();
        explain(event.target);
    }
});
