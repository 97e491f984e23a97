// One item of the queue after the other, without loading a page: what is posted answers in JSON, and
// the next item comes as a part of its page, ahead of time and with its blurred picture. Without
// this script the same links and forms load pages.
"use strict";

const single = {
    page: null,  // [data-nsfw-single], which stays
    ahead: null,  // {url, part, picture}: the next item, claimed by nobody yet
    busy: false,
    tab: null,
    renewing: 0,
};

const find = (name) => single.page.querySelector(`[data-nsfw-${name}]`);

function say(words, problem = false) {
    const said = find("live");
    said.textContent = words;
    said.classList.toggle("nsfw-problem", problem);
}

// What a person is told where the site sends a page instead of an answer, or nothing.
class Unanswered extends Error {}

// Whoever is without a connection keeps the page: what is loaded then is a page of the browser.
async function reach(url, options) {
    const isSaid = () => find("live").textContent === single.page.dataset.offline;
    const said = isSaid();  // what was asked before that, and answers late, takes nothing back
    let response;
    try {
        response = await fetch(url, options);
    } catch {
        throw new Unanswered(single.page.dataset.offline);
    }
    if (said && isSaid()) {
        say("");
    }
    return response;
}

function post(url, body) {
    body.set("csrfmiddlewaretoken", single.page.dataset.token);
    return reach(url, {method: "POST", body, headers: {Accept: "application/json"}});
}

function problem(error) {
    say(error instanceof Unanswered ? error.message : single.page.dataset.failed, true);
}

async function answer(url, body) {
    const response = await post(url, body);
    const type = response.headers.get("Content-Type") || "";
    if (!type.startsWith("application/json")) {
        const {failed, forbidden} = single.page.dataset;
        throw new Unanswered(response.redirected || response.status === 403 ? forbidden : failed);
    }
    return {ok: response.ok, told: await response.json()};
}

// --- From one item to the next

async function part(url) {
    const response = await reach(url, {headers: {"NSFW-Part": "item"}});
    if (!response.ok || !response.headers.get("NSFW-Part")) {
        throw new Error(response.status);
    }
    const template = document.createElement("template");
    template.innerHTML = await response.text();
    const content = template.content, shown = content.querySelector("[data-nsfw-blurred]");
    const picture = new Image();
    for (const {name, value} of shown.attributes) {
        picture.setAttribute(name, value);  // it loads from here on
    }
    shown.removeAttribute("src");
    return {url, content, picture};
}

function lookAhead() {
    const next = find("next");
    single.ahead = null;
    if (next && next.href) {
        const {href} = next;
        const coming = part(href).catch(() => null);
        single.ahead = {url: href, coming};
    }
}

async function go(url, {push = true} = {}) {
    const left = find("item").dataset, counted = find("seen")?.textContent;
    const coming = single.ahead && single.ahead.url === url ? await single.ahead.coming : null;
    let came = coming;
    try {
        came ||= await part(url);
    } catch (error) {
        if (error instanceof Unanswered) {
            throw error;
        }
        location.assign(url);  // the page itself says what is wrong
        return;
    }
    const content = document.importNode(came.content, true);
    content.querySelector("[data-nsfw-blurred]").replaceWith(came.picture);
    find("item").replaceWith(content);
    recount(counted);
    if (push) {
        history.pushState(null, "", url);
    }
    document.title = find("item").dataset.title;
    const {claim} = find("item").dataset;
    if (left.claim !== claim && left.mine) {
        free(left.claim);
    }
    begin();
    find("heading").focus({preventScroll: true});
    take();
}

// What came ahead of time was counted then.
function recount(counted) {
    const seen = find("seen"), rest = find("rest"), {limit} = find("looking").dataset;
    if (seen && Number(counted) > Number(seen.textContent)) {
        seen.textContent = counted;
        if (rest) {
            rest.hidden = Number(counted) <= Number(limit);
        }
    }
}

function begin() {
    find("looking").dispatchEvent(new Event("nsfw:shown", {bubbles: true}));
    setUpTabs();
    lookAhead();
}

// --- Claims

function free(url) {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", single.page.dataset.token);
    body.set("free", "1");
    navigator.sendBeacon(url, body);
}

async function take() {
    clearTimeout(single.renewing);
    const item = find("item");
    item.dataset.mine = "1";  // whoever leaves before the answer frees it, too
    try {
        const {told} = await answer(item.dataset.claim, new FormData());
        if (find("item") !== item) {
            return;
        }
        if (told.version !== item.dataset.version) {
            changed(told);
            return;
        }
        item.dataset.mine = told.claimed ? "1" : "";
        if (!item.dataset.anyway) {
            stop(item, told.by ? told.said : "", told.by);
        }
    } catch (error) {
        problem(error);
    }
    renewLater();
}

function renewLater() {
    clearTimeout(single.renewing);
    single.renewing = setTimeout(
        () => (document.hidden ? renewLater() : take()), Number(single.page.dataset.renew) * 1000);
}

function changed(told) {
    clearTimeout(single.renewing);
    stop(find("item"), told.said);
    find("item").classList.add("nsfw-settled");
}

// Why nothing can be decided here now; an empty text lifts it.
function stop(item, said, claimed = false) {
    const anyway = item.querySelector("[data-nsfw-anyway]");
    if (anyway) {
        anyway.hidden = !claimed;
    }
    item.querySelector("[data-nsfw-stopped]").textContent = said;
    item.querySelector("[data-nsfw-stop]").hidden = !said;
    item.querySelectorAll("[data-nsfw-decide] button").forEach((button) => {
        button.disabled = Boolean(said) || button.hasAttribute("data-never");
    });
}

// --- What is posted

function pictureIsThere() {
    const picture = find("blurred");
    return picture.complete;  // or has failed, and a sentence says why
}

async function decide(form, button) {
    if (!pictureIsThere()) {
        return;  // a key that was pressed twice decides nothing unseen
    }
    const {ok, told} = await answer(form.getAttribute("action"), new FormData(form, button));
    say(told.changed ? "" : told.said, !ok);
    if (!ok) {
        if (told.changed) {
            changed(told);  // says it above the picture
        }
        return;
    }
    find("item").dataset.mine = "";  // freed with the decision
    await go(new URL(told.next || "", location.href).href, {push: Boolean(told.next)});
    if (!told.next) {
        say(`${told.said} ${single.page.dataset.nothing}`);
    }
    offerUndo(told);
}

async function undo(form) {
    const {ok, told} = await answer(form.getAttribute("action"), new FormData(form));
    say(told.said, !ok);
    if (ok) {
        single.ahead = null;
        await go(new URL(told.item, location.href).href);
        offerUndo(told);
    }
}

function offerUndo(told) {
    const form = find("undo-last");
    if (form) {
        form.setAttribute("action", told.undo || "");
        form.querySelector("button").disabled = !told.undo;
        form.querySelector("[data-nsfw-what]").textContent = told.undoes || "";
    }
}

async function prefer(form, button) {
    if (button.name === "muted" && button.value === "on") {
        button.setAttribute("aria-pressed", true);  // what moves stops before the site answers
    }
    const {ok, told} = await answer(form.getAttribute("action"), new FormData(form, button));
    if (!ok) {
        say(told.said, true);
        return;
    }
    const picture = find("picture"), [grey] = form.querySelectorAll("[name=greyscale]");
    const [blur] = form.querySelectorAll("[name=blur]");
    const [muted] = form.querySelectorAll("[name=muted]");
    // As it was shown until now; the buttons offer the opposite.
    const coloured = grey.value === "on", moved = muted.value === "on";
    const revealed = find("revealed"), hide = find("hide");
    if (!revealed.hidden && (!told.greyscale && !coloured || !told.muted && !moved)) {
        hide.click();  // it came without colours, or still
    }
    picture.classList.toggle("nsfw-grey", told.greyscale);
    grey.value = told.greyscale ? "off" : "on";
    grey.setAttribute("aria-pressed", told.greyscale);
    muted.value = told.muted ? "off" : "on";
    muted.setAttribute("aria-pressed", told.muted);
    blur.value = told.stronger;
    blur.querySelectorAll("[data-blur]").forEach((name) => {
        name.hidden = Number(name.dataset.blur) !== told.blur;
    });
    const colours = find("colours");
    if (colours) {
        colours.hidden = !told.greyscale;
    }
    const blurred = find("blurred");
    blurred.src = `${blurred.src.split("?")[0]}?${told.blur}${told.greyscale ? "g" : "c"}`;
    lookAhead();
}

const POSTS = {decide, undo, "undo-last": undo, prefer};

async function submit(event) {
    const name = Object.keys(POSTS).find((name) => event.target.matches(`[data-nsfw-${name}]`));
    if (!name) {
        return;
    }
    event.preventDefault();
    await alone(() => POSTS[name](event.target, event.submitter));
}

// One thing at a time: what is pressed meanwhile is not meant for what comes.
async function alone(work) {
    if (single.busy) {
        return;
    }
    single.busy = true;
    find("item").setAttribute("aria-busy", "true");
    try {
        await work();
    } catch (error) {
        problem(error);
    } finally {
        single.busy = false;
        find("item").removeAttribute("aria-busy");
    }
}

function follow(event) {
    const anyway = event.target.closest("[data-nsfw-anyway]");
    if (anyway) {
        event.preventDefault();
        find("item").dataset.anyway = "1";
        stop(find("item"), "");
        find("heading").focus({preventScroll: true});
        return;
    }
    const link = event.target.closest("a[data-nsfw-go]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) {
        return;
    }
    event.preventDefault();
    if (link.href) {
        say("");
        alone(() => go(link.href));
    }
}

// --- Tabs; without this script they are sections with headings

function setUpTabs() {
    const tabs = [...single.page.querySelectorAll("[role=tab]")];
    const list = find("tabs");
    const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
    list.hidden = false;

    function choose(tab, focus = false) {
        single.tab = tab.id;
        for (const other of tabs) {
            const chosen = other === tab;
            other.setAttribute("aria-selected", chosen);
            other.tabIndex = chosen ? 0 : -1;
            panelOf(other).hidden = !chosen;
        }
        if (focus) {
            tab.focus();
        }
    }

    for (const [at, tab] of tabs.entries()) {
        const panel = panelOf(tab);
        panel.setAttribute("role", "tabpanel");
        panel.setAttribute("aria-labelledby", tab.id);
        panel.tabIndex = 0;
        panel.querySelector("h2").classList.add("nsfw-unseen");
        tab.addEventListener("click", () => choose(tab));
        tab.addEventListener("keydown", (event) => {
            const to = {
                ArrowRight: (at + 1) % tabs.length, ArrowLeft: (at || tabs.length) - 1,
                Home: 0, End: tabs.length - 1,
            }[event.key];
            if (to !== undefined) {
                event.preventDefault();
                choose(tabs[to], true);
            }
        });
    }
    choose(tabs.find((tab) => tab.id === single.tab) || tabs[0]);
}

document.addEventListener("DOMContentLoaded", () => {
    single.page = document.querySelector("[data-nsfw-single]");
    document.documentElement.classList.add("nsfw-script");
    setUpTabs();
    lookAhead();
    renewLater();
    single.page.addEventListener("submit", submit);
    single.page.addEventListener("click", follow);
    window.addEventListener("popstate", () => alone(() => go(location.href, {push: false})));
    window.addEventListener("pagehide", () => {
        const {claim, mine} = find("item").dataset;
        if (mine) {
            free(claim);
        }
    });
    window.addEventListener("pageshow", (event) => event.persisted && take());
    document.addEventListener("visibilitychange", () => document.hidden || take());
});
