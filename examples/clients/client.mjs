// Judges messages with a running server, from JavaScript: node client.mjs "some text" "another"
// Retries where the server asks for patience (429, 503), as long as it says.
const url = process.env.BTP_URL ?? "http://localhost:8000";
const key = process.env.BTP_KEY;

async function detect(message, tries = 3) {
  const response = await fetch(`${url}/detect`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...(key ? { Authorization: `Bearer ${key}` } : {}) },
    body: JSON.stringify({ message }),
    signal: AbortSignal.timeout(15_000),
  }).catch((error) => {
    throw new Error(noAnswer(error.cause?.code ?? error.name));
  });
  if (response.ok) return response.json();
  const problem = await response.json();
  const wait = Number(response.headers.get("retry-after"));
  if (wait > 0 && tries > 1) {
    await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    return detect(message, tries - 1);
  }
  throw new Error(`${problem.code}: ${problem.detail}`);
}

function noAnswer(reason) {
  return `no server answers at ${url} (${reason}): start one with "npx btp-cli serve", or set BTP_URL`;
}

const messages = process.argv.slice(2);
try {
  for (const message of messages.length > 0 ? messages : ["Nobody likes you, just leave."]) {
    const { label, score, threshold } = await detect(message);
    process.stdout.write(`${label}  score ${score.toFixed(3)}  threshold ${threshold}  ${message}\n`);
  }
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
