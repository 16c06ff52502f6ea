/** Rules of kernels that treat each element by itself. */
import type { GraphBuilder } from "../graph/builder.js";
import type {
  BinaryFunction,
  CompareFunction,
  LogicalFunction,
  UnaryFunction,
  Value,
} from "../graph/graph.js";
import { type LoweringRule, UnsupportedUse } from "./kernels.js";

type UnaryKernel = "Abs" | "Exp";
type BinaryKernel = "Add" | "Sub";

/** A kernel that is one ONNX operator. */
export function unary(fn: UnaryFunction): LoweringRule<UnaryKernel> {
  return { onnx: [fn], lower: (b, { x }) => b.unary(fn, x) };
}

export function binary(fn: BinaryFunction): LoweringRule<BinaryKernel> {
  return { onnx: [fn], lower: (b, { a, b: other }) => b.binary(fn, a, other) };
}

export function compare(fn: CompareFunction): LoweringRule<BinaryKernel> {
  return {
    onnx: [fn, "Cast"],
    lower(b, { a, b: other }) {
      // ONNX compares booleans for equality only.
      const plain = a.dtype !== "bool";
      return b.compare(fn, plain ? a : b.cast(a, "int32"), plain ? other : b.cast(other, "int32"));
    },
  };
}

export function logical(fn: LogicalFunction): LoweringRule<BinaryKernel> {
  return { onnx: [fn], lower: (b, { a, b: other }) => b.add1("Logical", [a, other], { fn }) };
}

/** A scalar of the type of `like`. */
function scalarLike(b: GraphBuilder, value: number, like: Value): Value {
  return b.scalar(value, like.dtype === "int32" ? "int32" : "float32");
}

export const addN: LoweringRule<"AddN"> = {
  onnx: ["Add"],
  lower: (b, inputs) => inputs.reduce((sum, x) => b.binary("Add", sum, x)),
};

export const notEqual: LoweringRule<"NotEqual"> = {
  onnx: ["Equal", "Not", "Cast"],
  lower(b, { a, b: other }) {
    const plain = a.dtype !== "bool";
    const equal = b.compare("Equal", plain ? a : b.cast(a, "int32"), plain ? other : b.cast(other, "int32"));
    return b.unary("Not", equal);
  },
};

export const square: LoweringRule<"Square"> = { onnx: ["Mul"], lower: (b, { x }) => b.binary("Mul", x, x) };

export const squaredDifference: LoweringRule<"SquaredDifference"> = {
  onnx: ["Sub", "Mul"],
  lower(b, { a, b: other }) {
    const difference = b.binary("Sub", a, other);
    return b.binary("Mul", difference, difference);
  },
};

export const rsqrt: LoweringRule<"Rsqrt"> = {
  onnx: ["Sqrt", "Reciprocal"],
  lower: (b, { x }) => b.unary("Reciprocal", b.unary("Sqrt", x)),
};

/** 1 + x loses x's low bits; the ratio puts them back (Kahan; see Higham, Accuracy and Stability, 1.14.1). */
export const log1p: LoweringRule<"Log1p"> = {
  onnx: ["Add", "Log", "Sub", "Mul", "Div", "Equal", "Where", "IsInf"],
  lower(b, { x }) {
    const one = b.scalar(1);
    const u = b.binary("Add", x, one);
    const log = b.unary("Log", u);
    const corrected = b.binary("Mul", log, b.binary("Div", x, b.binary("Sub", u, one)));
    return b.where(
      b.compare("Equal", u, one),
      x,
      b.where(b.unary("IsInf", log), log, b.where(b.unary("IsInf", u), u, corrected)),
    );
  },
};

export const expm1: LoweringRule<"Expm1"> = {
  onnx: ["Exp", "Sub", "Log", "Div", "Mul", "Equal", "Where", "IsInf"],
  lower(b, { x }) {
    const one = b.scalar(1);
    const u = b.unary("Exp", x);
    const less = b.binary("Sub", u, one);
    const log = b.unary("Log", u);
    const corrected = b.binary("Mul", less, b.binary("Div", x, log));
    // u of 0 or infinity has no useful logarithm, u of 1 has logarithm 0.
    const exact = b.where(b.unary("IsInf", log), less, corrected);
    return b.where(b.compare("Equal", u, one), x, exact);
  },
};

export const finite: LoweringRule<"IsFinite"> = {
  onnx: ["IsInf", "IsNaN", "Or", "Not"],
  lower(b, { x }) {
    const either = b.add1("Logical", [b.unary("IsInf", x), b.unary("IsNaN", x)], { fn: "Or" });
    return b.unary("Not", either);
  },
};

/** Rounds down, where ONNX's integer division rounds towards zero. */
export const floorDiv: LoweringRule<"FloorDiv"> = {
  onnx: ["Div", "Floor", "Cast", "Sub", "Mod"],
  lower(b, { a, b: other }) {
    if (a.dtype !== "int32") return b.cast(b.unary("Floor", b.binary("Div", a, other)), "int32");
    // Mod has the divisor's sign, so what is left divides exactly.
    return b.binary("Div", b.binary("Sub", a, b.binary("Mod", a, other)), other);
  },
};

/** The remainder has the divisor's sign, as in Python; ONNX's for floats has the dividend's, as in C. */
export const mod: LoweringRule<"Mod"> = {
  onnx: ["Mod", "Mul", "Less", "Add", "Where"],
  lower(b, { a, b: other }) {
    const rest = b.binary("Mod", a, other);
    if (a.dtype === "int32") return rest;
    const signsDiffer = b.compare("Less", b.binary("Mul", rest, other), b.scalar(0));
    return b.where(signsDiffer, b.binary("Add", rest, other), rest);
  },
};

export const atan2: LoweringRule<"Atan2"> = {
  onnx: ["Div", "Atan", "Add", "Sub", "Less", "Greater", "Equal", "Where"],
  lower(b, { a: y, b: x }) {
    const [zero, pi] = [b.scalar(0), b.scalar(Math.PI)];
    const base = b.unary("Atan", b.binary("Div", y, x));
    const left = b.where(b.compare("Less", y, zero), b.binary("Sub", base, pi), b.binary("Add", base, pi));
    const up = b.where(b.compare("Greater", y, zero), b.scalar(Math.PI / 2), b.scalar(-Math.PI / 2));
    const vertical = b.where(b.compare("Equal", y, zero), zero, up);
    const other = b.where(b.compare("Less", x, zero), left, base);
    return b.where(b.compare("Equal", x, zero), vertical, other);
  },
};

export const clipByValue: LoweringRule<"ClipByValue"> = {
  onnx: ["Max", "Min"],
  lower: (b, { x }, { clipValueMin, clipValueMax }) =>
    b.binary("Min", b.binary("Max", x, scalarLike(b, clipValueMin, x)), scalarLike(b, clipValueMax, x)),
};

export const relu6: LoweringRule<"Relu6"> = {
  onnx: ["Max", "Min"],
  lower: (b, { x }) => b.binary("Min", b.binary("Max", x, scalarLike(b, 0, x)), scalarLike(b, 6, x)),
};

export const step: LoweringRule<"Step"> = {
  onnx: ["Greater", "Where", "IsNaN"],
  lower(b, { x }, { alpha }) {
    const result = b.where(
      b.compare("Greater", x, scalarLike(b, 0, x)),
      scalarLike(b, 1, x),
      scalarLike(b, alpha, x),
    );
    return x.dtype === "float32" ? b.where(b.unary("IsNaN", x), x, result) : result;
  },
};

export const leakyRelu: LoweringRule<"LeakyRelu"> = {
  onnx: ["Less", "Mul", "Where"],
  lower: (b, { x }, { alpha }) =>
    b.where(b.compare("Less", x, b.scalar(0)), b.binary("Mul", x, b.scalar(alpha)), x),
};

export const prelu: LoweringRule<"Prelu"> = {
  onnx: ["Less", "Mul", "Where"],
  lower: (b, { x, alpha }) => b.where(b.compare("Less", x, b.scalar(0)), b.binary("Mul", x, alpha), x),
};

export const elu: LoweringRule<"Elu"> = {
  onnx: ["GreaterOrEqual", "Exp", "Sub", "Where"],
  lower(b, { x }) {
    const below = b.binary("Sub", b.unary("Exp", x), b.scalar(1));
    return b.where(b.compare("GreaterOrEqual", x, b.scalar(0)), x, below);
  },
};

export const eluGrad: LoweringRule<"EluGrad"> = {
  onnx: ["GreaterOrEqual", "Add", "Mul", "Where"],
  lower(b, { dy, y }) {
    const below = b.binary("Mul", dy, b.binary("Add", y, b.scalar(1)));
    return b.where(b.compare("GreaterOrEqual", y, b.scalar(0)), dy, below);
  },
};

/** Constants of Klambauer et al., Self-Normalizing Neural Networks (arXiv 1706.02515), as TensorFlow.js rounds them. */
const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.7580993408473768;

export const selu: LoweringRule<"Selu"> = {
  onnx: ["GreaterOrEqual", "Exp", "Sub", "Mul", "Where"],
  lower(b, { x }) {
    const below = b.binary("Mul", b.binary("Sub", b.unary("Exp", x), b.scalar(1)), b.scalar(SELU_ALPHA));
    return b.where(
      b.compare("GreaterOrEqual", x, b.scalar(0)),
      b.binary("Mul", x, b.scalar(SELU_SCALE)),
      below,
    );
  },
};

export const cast: LoweringRule<"Cast"> = {
  onnx: ["Cast"],
  limits: "to float32, int32 and bool",
  lower(b, { x }, { dtype }) {
    if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool") {
      throw new UnsupportedUse(`a cast to ${dtype}`, "use float32, int32 or bool");
    }
    return b.cast(x, dtype);
  },
};

export const select: LoweringRule<"Select"> = {
  onnx: ["Where"],
  lower: (b, { condition, t, e }) => b.where(condition, t, e),
};

export const fusedBatchNorm: LoweringRule<"FusedBatchNorm"> = {
  onnx: ["Sub", "Add", "Sqrt", "Div", "Mul"],
  lower(b, { x, scale, offset, mean, variance }, { varianceEpsilon }) {
    const deviation = b.unary("Sqrt", b.binary("Add", variance, b.scalar(varianceEpsilon)));
    const normal = b.binary("Div", b.binary("Sub", x, mean), deviation);
    const scaled = scale === undefined ? normal : b.binary("Mul", normal, scale);
    return offset === undefined ? scaled : b.binary("Add", scaled, offset);
  },
};
