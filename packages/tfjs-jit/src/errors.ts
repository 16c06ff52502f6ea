/**
 * The one error class of this package. Errors are data: `code` is for programs, the message says what was expected,
 * what came and what to do. Messages hold names, shapes and dtypes; never tensor values.
 */
export type JitErrorCode =
  /** A TensorFlow.js op asked for a kernel that has no lowering rule, or one of its attributes has none. */
  | "UNSUPPORTED_KERNEL"
  /** `dataSync`, `data`, `array`, ... of a tensor whose value exists only when the program runs. */
  | "READ_WHILE_RECORDING"
  /** An argument differs from its specification: structure, dtype, rank, size, or two sizes of one symbolic name. */
  | "ARGUMENT_MISMATCH"
  /** The function's result has another structure, dtype or shape than required, or holds something but tensors. */
  | "RESULT_MISMATCH"
  /** The function computes something from a symbolic size that is not an expression the compiler understands. */
  | "SYMBOLIC_DIMENSION"
  /** A gradient was asked for, and no gradient functions are registered with TensorFlow.js. */
  | "GRADIENT_NOT_REGISTERED"
  /** A graph breaks its own rules: a bug of this package, found by the check between passes. */
  | "INVALID_GRAPH"
  /** The function returned a promise, or recorded another function while it was being recorded. */
  | "INVALID_FUNCTION"
  /** A random state or dropout rate out of range. */
  | "INVALID_RANDOM"
  /** The engine asked for does not load here, or gives no device. */
  | "ENGINE_UNAVAILABLE"
  /** No engine has that name. */
  | "ENGINE_UNKNOWN"
  /** ONNX Runtime refused the model or failed while running it. */
  | "RUNTIME_FAILED"
  /** The program or engine was used after `dispose`. */
  | "DISPOSED";

export class JitError extends Error {
  readonly code: JitErrorCode;

  constructor(code: JitErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "JitError";
    this.code = code;
  }
}
