// Takes the listener's events and shows them. Everything comes from this page's own server.

import { Picture } from "/spectrogram.js";

const SILENT_MS = 15000; // the server sends something every 5 s
const FORGOTTEN_MS = 60000; // a tab that nobody sees leaves its place to others
const LONGEST_WAIT_S = 15;
const MOST_SHARES = 12;
const MOST_TAGS = 3;
const QUIET = ["silence", "unknown"];
const NOT_MUSIC = "not music";
const NAMES = { other: "other music", [NOT_MUSIC]: "no music" };

const root = document.documentElement;
const at = (id) => document.getElementById(id);
const picture = new Picture(at("picture"), (seconds) => {
  at("sound-title").textContent = seconds > 60 ? "Last two minutes" : "Last minute";
});
let model = null;
let shares = new Map();

// ---- What is shown

function showFacts(state) {
  model = state.model;
  at("source").textContent = state.source;
  picture.reset(model.colours, model.sample_rate, shownName);
  at("model-name").textContent = `${model.name} ${model.version}`;
  const genres = model.labels.length - model.rejected.length;
  const size = `${model.format}, ${(model.bytes / 1000).toFixed(0)} kB`;
  rows(at("model"), [
    ["Tells apart", [`${genres} genres`, ...counted(model.styles, "styles"), ...counted(model.tags, "tags")].join(", ")],
    ["Input", `${round(model.window_s, 2)} s at ${round(model.sample_rate / 1000, 2)} kHz`],
    ["File", model.quantization === "none" ? size : `${size}, ${model.quantization}`],
    ...metrics(model.metrics),
  ]);
  at("model").title = model.labels.join(", ");
  at("model-note").textContent = [model.licence, model.attribution].filter(Boolean).join(". ");
  at("model-more").hidden = !at("model-note").textContent;
  at("chips").hidden = !model.tags.length && !model.styles.length;
  shares = new Map();
  at("shares").replaceChildren();
}

function counted(items, name) {
  return items.length ? [`${items.length} ${name}`] : [];
}

function metrics(values) {
  const found = [];
  const visit = (name, value) => {
    if (typeof value === "number" && /accuracy|recall|f1/.test(name) && value <= 1) {
      found.push([capital(name.replaceAll("_", " ")), percent(value)]);
    } else if (value && typeof value === "object") {
      for (const [key, item] of Object.entries(value)) visit(key, item);
    }
  };
  visit("", values);
  const accuracy = found.filter(([name]) => name.includes("accuracy"));
  return (accuracy.length ? accuracy : found).slice(0, 2);
}

function show(state) {
  root.dataset.status = state.status;
  at("updated").textContent = `as of ${new Date(state.unix_time * 1000).toLocaleTimeString()}`;
  showNotice(state);
  showToday(state.today);
  showHealth(state.health);
  const event = state.event;
  at("picture-empty").hidden = Boolean(event);
  if (!event) {
    setLabel(state.status === "stalled" ? "no sound" : "listening", null, 0);
    showChips(null);
    at("detail").textContent =
      state.status === "stalled" ? "Waiting for the source." : `The first genre comes after ${round(model.window_s, 1)} s of sound.`;
    return;
  }
  const quiet = QUIET.includes(event.label);
  setLabel(event.label, quiet ? null : model.colours[event.label], quiet ? 0 : event.confidence);
  showChips(event);
  const detail = at("detail");
  detail.replaceChildren();
  const since = state.for_s >= 1 ? `for ${duration(state.for_s)}` : "just now";
  if (event.label === "silence") detail.append(`${level(event.level_dbfs)}, ${since}`);
  else if (event.label === "unknown") detail.append(`Nothing convincing, ${since}`);
  else detail.append(bold(percent(event.confidence)), ` sure, ${since}`);
  showShares(event);
  showLevel(event.level_dbfs);
  picture.addRuns(state.runs, event.end);
}

function shownName(label) {
  return NAMES[label] ?? label;
}

function setLabel(name, colour, sure) {
  const label = shownName(name);
  const heading = at("genre");
  if (heading.textContent !== label) {
    heading.textContent = label; // set when it changes only: screen readers read it out
    heading.style.setProperty("--letters", Math.max(7, label.length));
  }
  const title = label === "listening" ? "edge-genre" : `${label} – edge-genre`;
  if (document.title !== title) document.title = title;
  root.toggleAttribute("data-quiet", !colour || name === NOT_MUSIC);
  if (colour || sure) root.style.setProperty("--genre", colour ?? "var(--quiet)");
  at("sure").style.transform = `scaleX(${sure})`;
}

// Style and mood, then the likeliest tags that say something else, and more than of most music.
function showChips(event) {
  const chips = [];
  if (event && event.label !== NOT_MUSIC) {
    const seen = new Set([plain(event.label)]);
    const add = (kind, path) => {
      const names = path.split(" > ");
      if (seen.has(plain(names.at(-1)))) return;
      for (const name of names) seen.add(plain(name));
      chips.push([kind, names.join(" › ")]);
    };
    if (event.style) add("style", event.style);
    if (event.mood) add("mood", event.mood);
    const most = chips.length + MOST_TAGS;
    const baseRates = new Map(model.tags.map((tag) => [tag.name, tag.base_rate]));
    for (const [tag, probability] of Object.entries(event.tags)) {
      if (chips.length < most && probability > baseRates.get(tag)) add("", tag);
    }
  }
  const list = at("chips");
  const key = JSON.stringify(chips);
  if (list.dataset.shown === key) return;
  list.dataset.shown = key;
  list.replaceChildren(
    ...chips.map(([kind, text]) => element("li", kind || "tag", ...(kind ? [element("span", "kind", kind), " "] : []), text)),
  );
}

// Hip-Hop is hiphop.
function plain(text) {
  return text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
}

function showShares(event) {
  const ranked = Object.entries(event.posterior).sort((a, b) => b[1] - a[1]);
  const chosen = new Set(ranked.slice(0, MOST_SHARES).map(([label]) => label));
  for (const label of model.labels.filter((name) => chosen.has(name))) {
    if (!shares.has(label)) shares.set(label, shareRow(label));
  }
  const wanted = model.labels.filter((label) => chosen.has(label)).map((label) => shares.get(label));
  const list = at("shares");
  if (wanted.length !== list.children.length || wanted.some((row, i) => row.item !== list.children[i])) {
    list.replaceChildren(...wanted.map((row) => row.item));
  }
  for (const label of chosen) {
    const { item, fill, value } = shares.get(label);
    item.classList.toggle("is-label", label === event.label);
    fill.style.transform = `scaleX(${event.posterior[label]})`;
    value.textContent = percent(event.posterior[label]);
  }
}

function shareRow(label) {
  const fill = element("div");
  const bar = element("div", "bar", fill);
  bar.setAttribute("aria-hidden", "true");
  const value = element("span", "value");
  const name = element("span", "label", shownName(label));
  name.title = shownName(label);
  const item = element("li", "", dot(label), name, bar, value);
  item.style.setProperty("--c", model.colours[label] ?? "var(--quiet)");
  return { item, fill, value };
}

function showToday(today) {
  const ranked = Object.entries(today.seconds).sort((a, b) => b[1] - a[1]);
  at("today-empty").hidden = ranked.length > 0;
  at("stack").hidden = ranked.length === 0;
  at("stack").replaceChildren(
    ...ranked.map(([label, seconds]) => {
      const part = element("div");
      part.style.flexGrow = seconds;
      part.style.setProperty("--c", model.colours[label] ?? "var(--quiet)");
      return part;
    }),
  );
  at("today").replaceChildren(
    ...ranked.slice(0, 6).map(([label, seconds]) =>
      element("li", "", dot(label), element("span", "label", shownName(label)), element("span", "value", duration(seconds))),
    ),
  );
}

function showHealth(health) {
  const bad = (count) => (count ? "is-bad" : "");
  rows(at("device"), [
    ["CPU", health.cpu_percent === null ? "–" : `${round(health.cpu_percent, 1)} % of a core`],
    ["Memory", `${Math.round(health.rss_bytes / 1e6)} MB`],
    ["Real-time factor", health.real_time_factor === null ? "–" : health.real_time_factor.toFixed(4)],
    ["Dropped samples", health.dropped_samples.toLocaleString(), bad(health.dropped_samples)],
    ["Clipped samples", health.clipped_samples.toLocaleString(), bad(health.clipped_samples)],
    ["Running for", duration(health.uptime_s)],
  ]);
}

function showLevel(dbfs) {
  at("meter").style.transform = `scaleX(${Math.max(0, Math.min(1, 1 + dbfs / 60))})`;
  at("meter").parentElement.classList.toggle("is-hot", dbfs > -3);
  at("level").textContent = level(dbfs);
}

function showNotice(state) {
  const stalled = state.status === "stalled";
  notice(stalled ? `No sound has arrived for ${duration(state.last_window_s)}. Is the source still there?` : "");
}

function notice(text) {
  const place = at("notice");
  if (place.textContent !== text) place.textContent = text;
  place.hidden = !text;
}

// ---- Small parts

function element(name, classes = "", ...content) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  made.append(...content);
  return made;
}

function dot(label) {
  const made = element("span", "dot");
  made.setAttribute("aria-hidden", "true");
  made.style.setProperty("--c", model.colours[label] ?? "var(--quiet)");
  return made;
}

function bold(text) {
  return element("b", "", text);
}

function rows(list, pairs) {
  list.replaceChildren(
    ...pairs.map(([name, value, classes]) => element("div", "", element("dt", "", name), element("dd", classes, value))),
  );
}

function round(value, digits) {
  return Number(value.toFixed(digits)).toLocaleString();
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}

function level(dbfs) {
  return `${dbfs < 0 ? "−" : ""}${Math.abs(Math.round(dbfs))} dBFS`;
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function duration(seconds) {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

// ---- The connection

let events = null;
let silence = 0;
let retry = 0;
let tries = 0;
let forgotten = 0;

function link(state, text) {
  root.dataset.link = state;
  if (at("link").textContent !== text) at("link").textContent = text;
}

function connect() {
  disconnect();
  if (root.dataset.link !== "lost") link("connecting", "connecting");
  events = new EventSource("/api/events");
  events.addEventListener("state", (message) => {
    tries = 0;
    const state = JSON.parse(message.data);
    showFacts(state);
    receive(state);
  });
  events.addEventListener("update", (message) => receive(JSON.parse(message.data)));
  events.addEventListener("sound", (message) => {
    picture.add(JSON.parse(message.data));
    awaitMore();
  });
  events.addEventListener("error", lost);
  awaitMore();
}

function receive(state) {
  link("live", "live");
  show(state);
  awaitMore();
}

function disconnect() {
  if (events) events.close();
  events = null;
  clearTimeout(silence);
  clearTimeout(retry);
}

// A connection can be dead without anybody noticing; the server is never silent for long.
function awaitMore() {
  clearTimeout(silence);
  silence = setTimeout(lost, SILENT_MS);
}

async function lost() {
  disconnect();
  const wait = Math.min(LONGEST_WAIT_S, 2 ** tries++);
  document.title = "not connected – edge-genre";
  countDown(wait);
  // EventSource does not tell why it was refused.
  const status = await fetch("/api/state", { cache: "no-store" }).then((response) => response.status).catch(() => 0);
  if (status === 401) notice("The token has changed. Reload the page to type the new one.");
  if (status === 200 && tries > 2) notice("Too many pages are open on this device. Close one.");
}

function countDown(seconds) {
  if (seconds <= 0) {
    link("lost", "reconnecting");
    connect();
    return;
  }
  link("lost", `connection lost, next try in ${seconds} s`);
  retry = setTimeout(countDown, 1000, seconds - 1);
}

addEventListener("online", () => !events && connect());
document.addEventListener("visibilitychange", () => {
  clearTimeout(forgotten);
  if (document.hidden) {
    forgotten = setTimeout(() => {
      disconnect();
      link("connecting", "paused while nobody looks");
    }, FORGOTTEN_MS);
  } else if (!events) {
    connect();
  }
});

connect();
