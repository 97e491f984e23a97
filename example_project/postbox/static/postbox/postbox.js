// Puts a picture straight into the bucket, and waits until somebody has looked at it.

const PATIENCE = 120;

const form = document.querySelector("form[data-postbox]");
const said = document.querySelector("[data-said]");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  form.elements.send.disabled = true;
  try {
    await send(form.elements.image.files[0]);
    location.reload();
  } catch (error) {
    said.textContent = error.message;
    form.elements.send.disabled = false;
  }
});

async function send(file) {
  say("The picture is sent to the bucket …");
  const begun = await ask(form.action, { method: "POST", body: new FormData(form) });
  const body = new FormData();
  for (const [name, value] of Object.entries(begun.upload.fields)) body.append(name, value);
  body.append("file", file);
  const stored = await fetch(begun.upload.url, { method: "POST", body });
  if (!stored.ok) throw new Error("The bucket has not taken the picture. Is it above 10 MB?");
  say("It is there, and is being looked at …");
  for (let second = 0; second < PATIENCE; second += 0.5) {
    const { status } = await ask(`${form.dataset.became}${begun.picture}/`);
    if (status !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error("Nobody has looked at it yet. Does the bucket send its events?");
}

async function ask(address, options) {
  const answer = await fetch(address, options);
  const { error, ...told } = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(error ?? `The site has answered ${answer.status}.`);
  return told;
}

function say(words) {
  said.textContent = words;
}
