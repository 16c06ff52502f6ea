// The same with types: request, answer and problem are exported by @btp/inference-api, made from the server's schemas.
import type { BatchRequest, BatchResponse, DetectResponse, Problem } from "@btp/inference-api";

/** One decision a message, in order. @throws Error with the problem's code, or one that says that no server answers */
export async function detectBatch(url: string, messages: string[]): Promise<DetectResponse[]> {
  const body: BatchRequest = { messages, longText: "chunk" };
  const response = await fetch(`${url}/detect/batch`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  }).catch((cause: unknown) => {
    const advice = 'start one with "npx btp-cli serve"';
    throw new Error(`no server answers at ${url}: ${advice}`, { cause });
  });
  if (!response.ok) {
    const problem = (await response.json()) as Problem;
    throw new Error(`${problem.code}: ${problem.detail}`);
  }
  const { results } = (await response.json()) as BatchResponse;
  return results;
}
