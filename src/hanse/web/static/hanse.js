// The page works without this. Now and then it asks whether there is a newer snapshot, and says so.
const EVERY = 15_000;
const digest = document.querySelector('[data-digest]')?.textContent;
const newer = document.querySelector('[data-newer]');

async function look() {
  if (document.hidden || !newer.hidden) return;
  try {
    const response = await fetch('readyz');
    if (response.ok && (await response.json()).digest !== digest) newer.hidden = false;
  } catch {
    // The server is away; whoever reads this page has lost nothing, and the next look may find it again.
  }
}

if (digest && newer) setInterval(look, EVERY);
