// The grid of the queue: a ring that moves over the tiles, selecting, deciding about one in place,
// and what others do meanwhile. Tiles change where they stand; none comes, goes or moves.
// Without this script the boxes, the buttons and the links work as in any form.
"use strict";

const POLL = 5000;  // milliseconds between two looks at what others do
const SLOWEST = 60000;
const TRIES = 5;  // at a picture, while the server decodes too many

const grid = {
    list: null,
    tiles: [],
    current: null,
    anchor: null,  // where a range begins
    full: false,  // more were selected than can be decided at a time
    busy: new Set(),
    preferring: Promise.resolve(),
    wait: POLL,
};

const part = (name, place = document) => place.querySelector(`[data-nsfw-${name}]`);
const link = (tile) => tile.querySelector(".nsfw-tile-title a");
const box = (tile) => tile.querySelector("[name=picked]");
const settled = (tile) => tile.classList.contains("nsfw-settled");
const named = (tile) => link(tile).textContent.trim();

function say(...words) {
    part("said").textContent = words.filter(Boolean).join(" ");
}

function said() {
    return part("said").textContent;
}

function token() {
    return part("prefer").querySelector("[name=csrfmiddlewaretoken]").value;
}

function post(url, fields) {
    const body = new FormData();
    Object.entries(fields).forEach(([name, value]) => body.set(name, value));
    body.set("csrfmiddlewaretoken", token());
    return fetch(url, {method: "POST", body, headers: {Accept: "application/json"}});
}

// What the server tells, or null where it answers with a page: a login, an error.
async function told(response) {
    const type = response.headers.get("Content-Type") || "";
    return type.startsWith("application/json") && !response.redirected ? response.json() : null;
}

// --- The ring

function ring(tile, {focus = true} = {}) {
    if (!tile) {
        return;
    }
    if (grid.current && grid.current !== tile) {
        cover(grid.current);
    }
    for (const other of grid.tiles) {
        const here = other === tile;
        other.classList.toggle("nsfw-current", here);
        other.querySelectorAll("a, input").forEach((each) => (each.tabIndex = here ? 0 : -1));
    }
    grid.current = tile;
    if (focus) {
        link(tile).focus({preventScroll: true});
        tile.scrollIntoView({block: "nearest"});
    }
    count();
}

function move(step) {
    const at = grid.tiles.indexOf(grid.current);
    ring(grid.tiles[Math.min(Math.max(at + step, 0), grid.tiles.length - 1)]);
}

function columns() {
    const [{offsetTop}] = grid.tiles;
    const second = grid.tiles.findIndex((tile) => tile.offsetTop !== offsetTop);
    return second < 0 ? grid.tiles.length : second;
}

// The next one that waits; where there is none the ring stays.
function onward() {
    const at = grid.tiles.indexOf(grid.current);
    ring(grid.tiles.slice(at + 1).find((tile) => !settled(tile)) || grid.current);
}

// --- Selecting

function chosen() {
    return grid.tiles.filter((tile) => box(tile) && box(tile).checked);
}

// What a key or a button would be about.
function count() {
    const picked = chosen().length;
    part("on").textContent = picked
        ? `${grid.list.dataset.saidSelected} ${picked}` : named(grid.current);
}

function select(tile, on) {
    if (!box(tile) || settled(tile) || box(tile).checked === on) {
        return;
    }
    box(tile).checked = on;
    keepToMost(tile);
}

function keepToMost(tile) {
    if (chosen().length > Number(grid.list.dataset.most)) {
        box(tile).checked = false;
        grid.full = true;
    }
}

function selectTo(tile, on) {
    const from = grid.tiles.indexOf(grid.anchor || tile), to = grid.tiles.indexOf(tile);
    grid.tiles.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => select(one, on));
}

function selectAll(on) {
    grid.tiles.forEach((tile) => select(tile, on));
    announce();
}

function announce() {
    count();
    say(grid.full && grid.list.dataset.saidFull);
    grid.full = false;
    part("heard").textContent = `${grid.list.dataset.saidSelected} ${chosen().length}`;
}

// --- What a tile says

function apply(tile, state) {
    const over = part("over", tile), input = box(tile);
    // Whoever asks for what is settled is shown it as it is.
    const done = !state.waits && state.status !== tile.dataset.status;
    over.textContent = state.said;
    over.hidden = !state.said;
    tile.toggleAttribute("data-claimed", Boolean(state.claimed));
    tile.classList.toggle("nsfw-settled", done);
    part("escalated", tile).hidden = !state.escalated;
    tile.dataset.version = state.version;
    if (input) {
        input.value = `${tile.dataset.scan}:${state.version}`;
        input.disabled = done;
        input.checked = input.checked && !done;
    }
    if (done) {
        cover(tile);
    }
}

function repeat() {
    clearTimeout(grid.timer);
    grid.timer = setTimeout(look, grid.wait);
}

async function look() {
    if (document.hidden) {
        return;  // and again when the page is seen
    }
    const url = new URL(grid.list.dataset.state, location.href);
    grid.tiles.forEach((tile) => url.searchParams.append("pk", tile.dataset.scan));
    try {
        const response = await fetch(url, {headers: {Accept: "application/json"}});
        const answer = await told(response);
        if (!answer) {
            say(grid.list.dataset.saidForbidden);
            return;
        }
        for (const tile of grid.tiles) {
            const state = answer.scans[tile.dataset.scan];
            if (state && !grid.busy.has(tile)) {
                apply(tile, state);
            }
        }
        count();
        grid.wait = POLL;
        if (said() === grid.list.dataset.saidLost) {
            say();
        }
    } catch {
        grid.wait = Math.min(grid.wait * 2, SLOWEST);
        if (said() !== grid.list.dataset.saidUnsure) {
            say(grid.list.dataset.saidLost);
        }
    }
    repeat();
}

// --- Deciding about the tile in the ring; about a selection the form asks first

async function decide(action) {
    const tile = grid.current;
    if (settled(tile)) {
        say(grid.list.dataset.saidSettled);
        return;
    }
    if (tile.hasAttribute("data-claimed")) {
        say(part("over", tile).textContent);
        return;
    }
    if (grid.busy.has(tile)) {
        return;
    }
    grid.busy.add(tile);
    try {
        const response = await post(tile.dataset.decide, {action, version: tile.dataset.version});
        const answer = await told(response);
        if (!answer) {
            say(grid.list.dataset.saidForbidden);
            return;
        }
        say(response.ok ? "" : `${named(tile)}:`, answer.said);
        if (response.ok) {
            canUndo(answer);
            if (grid.current === tile) {
                onward();
            }
        }
    } catch {
        unsure();
    } finally {
        grid.busy.delete(tile);
        look();
    }
}

// The answer may have been lost after the work was done: then the last decision is another one.
function unsure() {
    say(grid.list.dataset.saidUnsure);
    canUndo({});
}

function canUndo(answer) {
    const form = part("undo");
    form.action = answer.undo || "";
    form.querySelector("button").disabled = !answer.undo;
    part("what", form).textContent = answer.undoes || "";
}

async function undo(event) {
    event.preventDefault();
    try {
        const answer = await told(await post(event.target.action, {}));
        if (answer) {
            say(answer.said);
            canUndo(answer);
        } else {
            say(grid.list.dataset.saidForbidden);
        }
    } catch {
        unsure();
    }
    if (document.activeElement === document.body) {  // the button has nothing more to undo
        link(grid.current).focus({preventScroll: true});
    }
    look();
}

// --- Looking

function cover(tile) {
    const canvas = tile.querySelector("canvas");
    if (canvas && !canvas.hidden) {
        canvas.hidden = true;
        wipe(canvas);
    }
}

async function reveal() {
    const tile = grid.current, canvas = tile.querySelector("canvas");
    if (!canvas.hidden) {
        cover(tile);
        return;
    }
    try {
        const response = await post(tile.dataset.reveal, mayMove() ? {} : {still: "1"});
        if (!response.ok || response.headers.get("Content-Type") !== "image/webp") {
            const type = response.headers.get("Content-Type") || "";
            say(type.startsWith("text/plain")
                ? await response.text() : grid.list.dataset.saidForbidden);
            return;
        }
        await drawInto(canvas, await response.blob());
        if (grid.current === tile && !document.hidden) {
            canvas.hidden = false;
        } else {
            wipe(canvas);
        }
    } catch {
        say(grid.list.dataset.saidFailed);
    }
}

// One after the other: the next strength of the blur follows from the last one.
function prefer(event) {
    event.preventDefault();
    const {target, submitter} = event;
    if (submitter.name === "muted" && submitter.value === "on") {
        submitter.setAttribute("aria-pressed", true);  // what moves stops before the site answers
    }
    grid.preferring = grid.preferring.then(() => change(target, submitter));
}

async function change(form, {name, value}) {
    try {
        const answer = await told(await post(form.action, {[name]: value}));
        if (!answer) {
            say(grid.list.dataset.saidForbidden);
            return;
        }
        const grey = form.querySelector("[name=greyscale]");
        const blur = form.querySelector("[name=blur]"), muted = form.querySelector("[name=muted]");
        grey.value = answer.greyscale ? "off" : "on";
        grey.setAttribute("aria-pressed", answer.greyscale);
        muted.value = answer.muted ? "off" : "on";
        muted.setAttribute("aria-pressed", answer.muted);
        blur.value = answer.stronger;
        blur.querySelectorAll("[data-blur]").forEach((word) => {
            word.classList.toggle("nsfw-away", Number(word.dataset.blur) !== answer.blur);
        });
        for (const tile of grid.tiles) {
            cover(tile);
            again(tile.querySelector("img"), `${answer.blur}${answer.greyscale ? "g" : "c"}`);
        }
    } catch {
        say(grid.list.dataset.saidFailed);
    }
}

function again(image, reason) {
    image.src = `${image.src.split("?")[0]}?${reason}`;
}

// The server decodes few pictures at a time and says so to the others; what else is wrong it says
// in words.
async function later({target: image}) {
    const tries = Number(image.dataset.tries || 0) + 1;
    image.dataset.tries = tries;
    let why = grid.list.dataset.saidLost;
    try {
        const response = await fetch(image.src);
        if (tries <= TRIES && (response.ok || response.status === 503)) {
            const wait = 300 * 2 ** tries * (0.5 + Math.random());
            setTimeout(() => again(image, `try${tries}`), response.ok ? 0 : wait);
            return;
        }
        const type = response.headers.get("Content-Type") || "";
        why = type.startsWith("text/plain") ? await response.text() : "";
    } catch {
        // said below
    }
    const said = part("why", image.closest(".nsfw-tile"));
    said.textContent = why;
    said.hidden = !why;
    image.hidden = true;
}

// --- What people press

const DO = {
    select() {
        if (box(grid.current)) {
            select(grid.current, !box(grid.current).checked);
            grid.anchor = grid.current;
            announce();
        }
    },
    all: () => selectAll(true),
    none: () => selectAll(false),
    previous: () => move(-1),
    next: () => move(1),
    skip: onward,
    reveal,
    open: () => link(grid.current).click(),
};

function pressed(event) {
    const button = event.target.closest("[data-nsfw-do]");
    if (button) {
        DO[button.dataset.nsfwDo]();
    }
}

function submitted(event) {
    if (event.target.id === "nsfw-bulk" && !chosen().length) {
        event.preventDefault();
        decide(event.submitter.value);
    }
}

// In the grid the arrows know rows, Space reveals though a link has the focus, and Shift and x
// select a range.
function keyed(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat && event.key === " ") {
        return;
    }
    const step = {
        ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns(),
        Home: -grid.tiles.length, End: grid.tiles.length,
    }[event.key];
    if (step) {
        if (event.shiftKey && box(grid.current)) {
            grid.anchor ||= grid.current;
            move(step);
            selectTo(grid.current, true);
            announce();
        } else {
            move(step);
        }
    } else if (event.key === "X" && box(grid.current)) {
        selectTo(grid.current, true);
        announce();
    } else if (event.key === " " && event.target.matches("a") && part("hands")
               .querySelector("[data-nsfw-do=reveal]")) {
        reveal();
    } else {
        return;
    }
    event.preventDefault();
}

function clicked(event) {
    const tile = event.target.closest(".nsfw-tile");
    if (!tile) {
        return;
    }
    const picture = event.target.closest("label");
    if (picture && event.shiftKey) {
        event.preventDefault();
        selectTo(tile, true);
        announce();
        ring(tile);
    } else if (event.target === box(tile)) {
        keepToMost(tile);
        if (event.shiftKey) {
            selectTo(tile, box(tile).checked);
        }
        grid.anchor = tile;
        ring(tile, {focus: !event.shiftKey && event.detail > 0});
        announce();
    } else if (!picture && !event.target.closest("a")) {
        ring(tile);
    }
}

document.addEventListener("DOMContentLoaded", () => {
    grid.list = part("grid");
    if (!grid.list) {
        return;
    }
    grid.tiles = [...grid.list.children];
    part("hands").hidden = false;
    document.addEventListener("click", pressed);
    document.addEventListener("submit", submitted);
    part("prefer").addEventListener("submit", prefer);
    part("undo").addEventListener("submit", undo);
    grid.list.addEventListener("keydown", keyed);
    grid.list.addEventListener("click", clicked);
    grid.list.addEventListener("mousedown", (event) => {
        if (event.shiftKey) {
            event.preventDefault();  // selects tiles, and not their text
        }
    });
    grid.list.addEventListener("focusin", (event) => {
        const tile = event.target.closest(".nsfw-tile");
        if (tile !== grid.current) {
            ring(tile, {focus: false});
        }
    });
    for (const tile of grid.tiles) {
        const image = tile.querySelector("img");
        image.addEventListener("error", later);
        if (image.complete && !image.naturalWidth) {
            later({target: image});
        }
    }
    const asked = grid.tiles.find((tile) => `#${tile.id}` === location.hash);
    ring(asked || grid.tiles.find((tile) => !settled(tile)) || grid.tiles[0], {focus: true});
    window.addEventListener("pagehide", () => grid.tiles.forEach(cover));
    window.addEventListener("pageshow", (event) => event.persisted && look());
    document.addEventListener("visibilitychange", () => {
        if (document.hidden) {
            clearTimeout(grid.timer);
            grid.tiles.forEach(cover);
        } else {
            look();
        }
    });
    repeat();
});
