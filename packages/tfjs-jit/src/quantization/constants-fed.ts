/** For programs that run a few times only: weights as arguments. The runtime reads them where they lie, and copies none. */
import type { GraphInput } from "../graph/graph.js";
import type { HostTensor } from "../host-tensor.js";
import type { Session } from "../session.js";
import type { BoundGraph } from "./bound-graph.js";

export type OpenSession = (bound: BoundGraph) => Promise<Session>;

/** Runs `use` on a session whose calls take the graph's arguments alone. */
export async function withConstantsFed<R>(
  { graph, constants }: BoundGraph,
  openSession: OpenSession,
  use: (run: (args: readonly HostTensor[]) => Promise<readonly HostTensor[]>) => Promise<R>,
): Promise<R> {
  const first = graph.inputs.filter(({ role }) => role === "constant");
  const others = graph.inputs.filter(({ role }) => role !== "constant");
  const fed = first.map(({ value, path }): GraphInput => ({ value, path, role: "argument" }));
  const session = await openSession({
    graph: { ...graph, inputs: [...fed, ...others] },
    constants: new Map(),
  });
  const values = [...constants.values()];
  try {
    return await use((args) => session.run([...values, ...args], []));
  } finally {
    await session.dispose();
  }
}
