/**
 * Products and look-ups with int8 constants. Activations get one scale a row, so that a row of huge values (GPT-2's first
 * token) costs the others nothing and a message's result does not depend on what else is in its batch. ONNX Runtime's own
 * DynamicQuantizeMatMul has one scale for all rows: off by 86 % where one row is 200 times the rest.
 */
import { MICROSOFT, type NodeEncoder } from "../../onnx/node-encoder.js";
import { DATA_TYPE } from "../../onnx/onnx-enums.js";
import { firstOutput, inputAt, invalid, type OpDefinition, requireSame, requireType } from "./definition.js";

/** Below this a row counts as zero: its scale must not be 0, nor its inverse overflow. */
const SMALLEST = 1e-30;
/** Integer that stands for 0 where x is signed: 127 steps on either side. */
const MIDDLE = 128;
/** Integer that stands for 0 where x is hardly ever negative, as after GELU: nearly twice the resolution. */
const LOW = 24;

export const int8MatMul: OpDefinition<"Int8MatMul"> = {
  infer(inputs, { weight }) {
    const x = inputAt(inputs, 0);
    requireType(x, "float32");
    if (x.shape.length < 2) invalid("an int8 product needs a factor of rank 2 or more");
    requireSame(x.shape.at(-1)!, weight.rows, "inner sizes of an int8 product");
    const bias = inputs[1];
    if (bias !== undefined) requireSame(bias.shape.at(-1) ?? 1, weight.columns, "size of the bias");
    return [{ dtype: "float32", shape: [...x.shape.slice(0, -1), weight.columns] }];
  },
  encode(node, encoder) {
    const { weight, lowest, gelu } = node.attributes;
    const [x, bias] = node.inputs.map((value) => encoder.name(value)) as [string, string | undefined];
    const output = encoder.name(firstOutput(node));
    const zero = lowest === undefined ? MIDDLE : LOW;
    const scale = lowest === undefined ? signedScale(encoder, x) : boundedScale(encoder, x, lowest);
    const [shape, zeros, integers] = [encoder.temporary(), encoder.temporary(), encoder.temporary()];
    encoder.add("Shape", [scale], [shape]);
    encoder.add("Expand", [encoder.initializer("uint8", [1], Uint8Array.of(zero)), shape], [zeros]);
    // One block a row: the form of per-row scales that ONNX Runtime spreads over its threads.
    encoder.add("QuantizeLinear", [x, scale, zeros], [integers], { axis: -1, block_size: weight.rows });
    const product = encoder.temporary();
    encoder.add(
      "MatMulIntegerToFloat",
      [
        integers,
        encoder.initializer("int8", [weight.rows, weight.columns], weight.values),
        encoder.constant("float32", 1),
        encoder.initializer("float32", [weight.columns], weight.scales),
        encoder.initializer("uint8", [], Uint8Array.of(zero)),
      ],
      [product],
      {},
      MICROSOFT,
    );
    if (bias === undefined && !gelu) {
      encoder.add("Mul", [product, scale], [output]);
      return;
    }
    const scaled = encoder.temporary();
    encoder.add("Mul", [product, scale], [scaled]);
    const operands = bias === undefined ? [scaled] : [scaled, bias];
    // FastGelu adds a bias as it reads.
    if (gelu) encoder.add("FastGelu", operands, [output], {}, MICROSOFT);
    else encoder.add("Add", operands, [output]);
  },
};

/** max |x| / 127 of each row, taken without writing |x|. */
function signedScale(encoder: NodeEncoder, x: string): string {
  const [highest, lowest, negated, largest, scale] = Array.from({ length: 5 }, () => encoder.temporary()) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const axis = encoder.constant("int64", [-1]);
  encoder.add("ReduceMax", [x, axis], [highest], { keepdims: 1 });
  encoder.add("ReduceMin", [x, axis], [lowest], { keepdims: 1 });
  encoder.add("Neg", [lowest], [negated]);
  encoder.add("Max", [highest, negated, encoder.constant("float32", SMALLEST)], [largest]);
  encoder.add("Mul", [largest, encoder.constant("float32", 1 / (MIDDLE - 1))], [scale]);
  return scale;
}

/** The smallest scale at which both the row's maximum and `bound`, below which no x lies, have an integer. */
function boundedScale(encoder: NodeEncoder, x: string, bound: number): string {
  const [highest, step, scale] = [encoder.temporary(), encoder.temporary(), encoder.temporary()];
  encoder.add("ReduceMax", [x, encoder.constant("int64", [-1])], [highest], { keepdims: 1 });
  encoder.add("Mul", [highest, encoder.constant("float32", 1 / (255 - LOW))], [step]);
  encoder.add("Max", [step, encoder.constant("float32", -bound / LOW)], [scale]);
  return scale;
}

export const int8Gather: OpDefinition<"Int8Gather"> = {
  infer(inputs, { table }) {
    const indices = inputAt(inputs, 0);
    requireType(indices, "int32", "int64");
    return [{ dtype: "float32", shape: [...indices.shape, table.columns] }];
  },
  encode(node, encoder) {
    const { table } = node.attributes;
    const indices = encoder.name(node.inputs[0]!);
    const [integers, floats, flat, scales] = Array.from({ length: 4 }, () => encoder.temporary()) as [
      string,
      string,
      string,
      string,
    ];
    const values = encoder.initializer("int8", [table.rows, table.columns], table.values);
    encoder.add("Gather", [values, indices], [integers], { axis: 0 });
    encoder.add("Cast", [integers], [floats], { to: DATA_TYPE.float32 });
    encoder.add("Gather", [encoder.initializer("float32", [table.rows], table.scales), indices], [flat], {
      axis: 0,
    });
    encoder.add("Unsqueeze", [flat, encoder.constant("int64", [-1])], [scales]);
    encoder.add("Mul", [floats, scales], [encoder.name(firstOutput(node))]);
  },
};
