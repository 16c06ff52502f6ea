/** A graph as text, the same for equal graphs: for reading, for snapshots in tests, and for comparing. */
import { extentKey, shapeKey } from "./extent.js";
import type { AnyNode, Graph, Value } from "./graph.js";

/** Constants with more elements than this are printed by shape alone. */
const PRINTED_ELEMENTS = 4;

export function printGraph(graph: Graph): string {
  const names = new Map<number, string>();
  const lines: string[] = [];
  for (const { value, path, role } of graph.inputs) {
    names.set(value.id, `$${path}`);
    lines.push(`input $${path}: ${typeText(value)} (${role})`);
  }
  let next = 0;
  const name = (value: Value): string => names.get(value.id) ?? "%?";
  for (const node of graph.nodes) {
    for (const output of node.outputs) names.set(output.id, `%${next++}`);
    const left = node.outputs.map((output) => `${name(output)}: ${typeText(output)}`).join(", ");
    lines.push(`${left} = ${opText(node)}(${node.inputs.map(name).join(", ")})${attributeText(node)}`);
  }
  lines.push(`return ${graph.outputs.map(name).join(", ")}`);
  return lines.join("\n");
}

function typeText(value: Value): string {
  return `${value.dtype}${shapeKey(value.shape)}`;
}

function opText(node: AnyNode): string {
  return "fn" in node.attributes ? node.attributes.fn : node.op;
}

function attributeText(node: AnyNode): string {
  if (node.op === "Constant") {
    const { data } = node.attributes.tensor;
    return data.length <= PRINTED_ELEMENTS
      ? ` {${[...data].map((v) => Number(v.toPrecision(6))).join(", ")}}`
      : " {...}";
  }
  const parts = Object.entries(node.attributes)
    .filter(([key, value]) => key !== "fn" && value !== false)
    .map(([key, value]) => `${key}: ${attributeValue(value)}`);
  return parts.length === 0 ? "" : ` {${parts.join(", ")}}`;
}

/** Text of an attribute, equal exactly when the attributes are. */
export function attributeValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(attributeValue).join(", ")}]`;
  if (typeof value === "object" && value !== null && "terms" in value && "key" in value)
    return String(value.key);
  // Int8 matrices go by the name of what they were made of.
  if (typeof value === "object" && value !== null && "name" in value) return String(value.name);
  if (typeof value === "number") return extentKey(value);
  return String(value);
}
