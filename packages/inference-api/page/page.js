// The page to try the detector: sends what is typed to POST /detect of the server it came from, shows the answer.
// No library, no storage, nothing from another host.
const MOST_RECENT = 8;
const byId = (id) => document.getElementById(id);
const form = byId("form");
const message = byId("message");
const threshold = byId("threshold");
const check = byId("check");
let ownThreshold = false;
let running;

/** Elements from names, attributes and children; text always as text, never as markup. */
function make(name, attributes = {}, ...children) {
  const isSvg = ["svg", "path", "rect", "line", "text", "circle"].includes(name);
  const element = isSvg
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

const percent = (value) => `${(100 * value).toFixed(1)} %`;
const verdictOf = (isCyberbullying) => (isCyberbullying ? "Cyberbullying" : "Not cyberbullying");
const toneOf = (isCyberbullying) => (isCyberbullying ? "bad" : "good");

/** Shape as well as colour tells the two decisions apart. */
function icon(isCyberbullying) {
  const stroke = { fill: "none", stroke: "currentColor", "stroke-width": "2.4", "stroke-linecap": "round" };
  const shape = isCyberbullying ? "M12 7v6M12 16.5v.2M12 2.5 22 20.5H2z" : "M5 13l4.5 4.5L19 7";
  return make(
    "svg",
    { viewBox: "0 0 24 24", width: "28", height: "28", "aria-hidden": "true" },
    make("path", { ...stroke, d: shape, "stroke-linejoin": "round" }),
  );
}

/** The score as a bar from 0 to 1, the threshold as a line across it. */
function scale({ score, threshold: line, isCyberbullying }) {
  const anchor = (x) => (x < 0.12 ? "start" : x > 0.88 ? "end" : "middle");
  const at = (x) => `${(100 * x).toFixed(2)}%`;
  const label = `Score ${score.toFixed(3)}, threshold ${line.toFixed(2)}`;
  const small = { "font-size": "14", fill: "var(--soft)" };
  return make(
    "div",
    { class: "scale" },
    make(
      "svg",
      { role: "img", "aria-label": label },
      make(
        "text",
        { x: at(line), y: "13", "text-anchor": anchor(line), ...small },
        `threshold ${line.toFixed(2)}`,
      ),
      make("rect", { x: "0", y: "22", width: "100%", height: "14", rx: "7", fill: "var(--track)" }),
      make("rect", {
        x: "0",
        y: "22",
        width: at(Math.max(score, 0.02)),
        height: "14",
        rx: "7",
        fill: `var(--${toneOf(isCyberbullying)})`,
      }),
      make("line", {
        x1: at(line),
        x2: at(line),
        y1: "18",
        y2: "40",
        stroke: "var(--ink)",
        "stroke-width": "2.5",
      }),
      make(
        "text",
        {
          x: at(score),
          y: "56",
          "text-anchor": anchor(score),
          "font-size": "15",
          "font-weight": "650",
          fill: "var(--ink)",
        },
        `score ${score.toFixed(3)}`,
      ),
    ),
  );
}

function facts(entries) {
  return make(
    "dl",
    { class: "facts" },
    ...entries.map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value))),
  );
}

function show(decision, ms) {
  const { isCyberbullying, confidence, tokens, truncated, chunks, model } = decision;
  const parts = [
    make(
      "p",
      { class: `verdict ${toneOf(isCyberbullying)}` },
      icon(isCyberbullying),
      make("span", { id: "verdict" }, verdictOf(isCyberbullying)),
    ),
    scale(decision),
    facts([
      ["Confidence", percent(confidence)],
      ["Tokens", String(tokens)],
      ["Answered in", `${ms.toFixed(0)} ms`],
      ["Model", model.split("@")[0]],
    ]),
  ];
  if (truncated) {
    parts.push(
      make(
        "p",
        { class: "note" },
        "Only the beginning was read: the message is longer than the model's limit. Under Options it can be read whole.",
      ),
    );
  }
  if (chunks !== undefined && chunks.count > 1) {
    parts.push(
      make(
        "p",
        { class: "note" },
        `Read in ${chunks.count} parts; number ${chunks.worst.index + 1} decided.`,
      ),
    );
  }
  byId("answer").replaceChildren(...parts);
}

function fault(title, detail) {
  byId("answer").replaceChildren(
    make("p", { class: "note fault", role: "alert" }, make("strong", {}, `${title}. `), detail),
  );
}

function remember(text, { isCyberbullying, score }) {
  const item = make(
    "li",
    {},
    make("span", { class: `tag ${toneOf(isCyberbullying)}` }, verdictOf(isCyberbullying)),
    make("span", { class: "number" }, score.toFixed(3)),
    make("span", { class: "text" }, text.length > 300 ? `${text.slice(0, 300)}…` : text),
  );
  const list = byId("recent");
  list.prepend(item);
  while (list.children.length > MOST_RECENT) list.lastElementChild.remove();
  showRecent(true);
}

function showRecent(some) {
  byId("clear").hidden = !some;
  byId("no-recent").hidden = some;
}

async function ask() {
  const text = message.value;
  if (text.trim() === "") {
    fault("Nothing to check", "Type a message first.");
    message.focus();
    return;
  }
  // The newest question counts: an answer still on its way to an older one is dropped, and the server told so.
  running?.abort();
  const mine = new AbortController();
  running = mine;
  check.setAttribute("aria-disabled", "true");
  check.textContent = "Checking…";
  const key = byId("key").value;
  const body = {
    message: text,
    ...(ownThreshold ? { threshold: Number(threshold.value) } : {}),
    ...(byId("chunk").checked ? { longText: "chunk" } : {}),
  };
  const start = performance.now();
  try {
    const response = await fetch("/detect", {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        ...(key === "" ? {} : { Authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(body),
      signal: mine.signal,
    });
    const answer = await response.json();
    if (response.ok) {
      show(answer, performance.now() - start);
      remember(text, answer);
    } else {
      fault(answer.title, answer.errors?.map(({ detail }) => detail).join("; ") ?? answer.detail);
      if (response.status === 401) {
        document.querySelector("details").open = true;
        byId("key").focus();
      }
    }
  } catch (error) {
    if (error.name !== "AbortError") fault("No answer", "The server cannot be reached. Is it still running?");
  } finally {
    if (running === mine) {
      check.removeAttribute("aria-disabled");
      check.textContent = "Check message";
    }
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void ask();
});
message.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    void ask();
  }
});
threshold.addEventListener("input", () => {
  ownThreshold = true;
  byId("threshold-value").textContent = Number(threshold.value).toFixed(2);
});
byId("clear").addEventListener("click", () => {
  byId("recent").replaceChildren();
  showRecent(false);
  message.focus();
});
for (const chip of document.querySelectorAll(".chip")) {
  chip.addEventListener("click", () => {
    message.value = chip.textContent;
    void ask();
  });
}

const health = await fetch("/health")
  .then((response) => response.json())
  .catch(() => undefined);
if (health !== undefined) {
  const { model } = health;
  threshold.value = String(model.threshold);
  byId("threshold-value").textContent = model.threshold.toFixed(2);
  byId("model").textContent =
    `${model.name} · ${(model.parameters / 1e6).toFixed(1)} million parameters · reads ${model.maxLength} tokens · ` +
    `weights ${model.sha256.slice(0, 12)} · computed by ${model.engine}`;
}
