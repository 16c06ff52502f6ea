import "@tensorflow/tfjs";
import { readFileSync } from "node:fs";
import type * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { callFunction } from "../engine/call-function.js";
import type { AnyNode } from "../graph/graph.js";
import type { OpDefinition } from "../graph/ops/definition.js";
import { OPS } from "../graph/ops/table.js";
import type { NodeEncoder } from "../onnx/node-encoder.js";
import { record } from "../record/record.js";
import { KERNEL_CASES } from "./kernel.cases.js";
import { withKernelTable } from "./kernel-table.js";
import type { KernelName } from "./kernels.js";
import { LOWERING } from "./table.js";

describe("kernel table", () => {
  it("in the README is current (npm run kernel-table writes it)", () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    expect(readme).toBe(withKernelTable(readme));
  });

  it.each(Object.keys(KERNEL_CASES) as KernelName[])(
    "names the operators that %s really becomes",
    (kernel) => {
      const used = new Set<string>();
      for (const { args, run } of KERNEL_CASES[kernel]) {
        const inputs = args.map(({ spec }, i) => ({ path: `x${i}`, role: "argument" as const, spec }));
        const call = (tensors: readonly tf.Tensor[]) => {
          const { leaves, structure } = callFunction(() => run(...tensors), kernel);
          return { tensors: leaves.map(({ value }) => value), structure };
        };
        const { graph } = record(inputs, call, kernel);
        for (const node of graph.nodes.filter(({ source }) => source === kernel)) {
          for (const type of operatorsOf(node)) used.add(type);
        }
      }
      expect([...used].sort()).toEqual([...LOWERING[kernel].onnx].sort());
    },
  );
});

/** ONNX operators that a node is encoded as. */
function operatorsOf(node: AnyNode): string[] {
  const types: string[] = [];
  const encoder: NodeEncoder = {
    name: ({ id }) => `v${id}`,
    add: (type) => types.push(type),
    temporary: () => "t",
    constant: () => "c",
    extents: () => "s",
    initializer: () => "i",
  };
  (OPS[node.op] as OpDefinition<never>).encode(node as never, encoder);
  return types;
}
