// Draws a revealed picture into a canvas, and plays it there if it moves. A canvas needs no address
// that a content security policy would have to allow. It stands still where the browser cannot take
// a picture apart, where the system asks for less motion, and as soon as the button for that is
// pressed: whoever calls this asks the site for the still one then.
"use strict";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const playing = new WeakMap();  // canvas → what plays in it

function mayMove() {
    const muted = document.querySelector("[data-nsfw-prefer] [name=muted]");
    return "ImageDecoder" in window && !calm.matches
        && muted?.getAttribute("aria-pressed") !== "true";
}

// Resolves when the picture, or its first frame, is drawn.
async function drawInto(canvas, blob) {
    playing.delete(canvas);
    caption(canvas, "still");
    const decoder = mayMove() && new ImageDecoder({data: await blob.arrayBuffer(), type: blob.type});
    if (decoder) {
        await Promise.all([decoder.tracks.ready, decoder.completed]);
    }
    const track = decoder && decoder.tracks.selectedTrack;
    if (track && track.animated) {
        const {image} = await decoder.decode();
        place(canvas, image, image.displayWidth, image.displayHeight);
        play(canvas, decoder, track.frameCount).catch(() => {}).finally(() => decoder.close());
        return;
    }
    if (decoder) {
        decoder.close();
    }
    const picture = await createImageBitmap(blob);
    place(canvas, picture, picture.width, picture.height);
}

function place(canvas, picture, width, height) {
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d").drawImage(picture, 0, 0);
    picture.close();
}

// What the words below the picture say of it, where the page has such words.
function caption(canvas, how) {
    canvas.closest("[data-nsfw-looking]")?.querySelectorAll("[data-nsfw-frame]").forEach((words) => {
        words.hidden = words.dataset.nsfwFrame !== how;
    });
}

async function play(canvas, decoder, frames) {
    playing.set(canvas, decoder);
    caption(canvas, "moving");
    for (let frameIndex = 0; ; frameIndex = (frameIndex + 1) % frames) {
        const {image} = await decoder.decode({frameIndex});
        const {duration} = image;  // microseconds
        if (playing.get(canvas) !== decoder || !canvas.isConnected || !mayMove()) {
            image.close();
            if (playing.get(canvas) === decoder) {
                caption(canvas, "stopped");
            }
            return;
        }
        canvas.getContext("2d").drawImage(image, 0, 0);
        image.close();
        await new Promise((resolve) => setTimeout(resolve, duration / 1000));
    }
}

function wipe(canvas) {
    playing.delete(canvas);
    caption(canvas, "still");
    canvas.width = canvas.height = 0;
}
