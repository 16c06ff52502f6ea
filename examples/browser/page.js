// The page: a message from the form to the detector, its decision back into the page.
import { loadOnnxDetector } from "./detector.js";

const get = (id) => document.getElementById(id);
const [form, button, state] = [
  document.querySelector("form"),
  document.querySelector("button"),
  get("state"),
];

try {
  const detector = await loadOnnxDetector("model.onnx");
  const { name, precision, maxLength } = detector.info;
  get("about").textContent = `Model: ${name} (${precision}), reads ${maxLength} tokens of a message.`;
  get("score").low = detector.info.threshold;
  get("score").high = detector.info.threshold;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    detector.detect(get("message").value).then(show, fail);
  });
  get("message").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  state.textContent = "";
  button.disabled = false;
} catch (error) {
  fail(error);
}

function show({ label, score, threshold, tokens, truncated, milliseconds }) {
  get("label").textContent = label;
  get("score").value = score;
  const cut = truncated ? ", of which the first were read" : "";
  get("details").textContent =
    `Score ${score.toFixed(3)}, threshold ${threshold}. ${tokens} tokens${cut}; ${milliseconds.toFixed(1)} ms.`;
  get("result").hidden = false;
}

function fail(error) {
  state.textContent = `This does not work here: ${error.message}`;
}
