/** What can go wrong between a directory and a decision. Messages never carry a user's text or a tensor's values. */
export type DetectorErrorCode =
  /** The directory, config.json or model.safetensors is not there, or is not a plain file. */
  | "DETECTOR_NOT_FOUND"
  /** config.json is not JSON, or its contents contradict the format or each other. */
  | "CONFIG_INVALID"
  /** config.json was written by a later version of the format. */
  | "FORMAT_VERSION_UNSUPPORTED"
  /** model.safetensors is not the file that config.json names, or its tensors do not fit the architecture. */
  | "WEIGHTS_INVALID"
  /** A delta's base is not to be found. */
  | "BASE_NOT_FOUND"
  /** A base was found, but it is not the one the delta was trained on. */
  | "BASE_MISMATCH"
  /** A threshold, an option or the list of messages is not what detect() accepts. */
  | "INPUT_INVALID"
  /** The network's output is not finite: the weights are broken. */
  | "OUTPUT_NOT_FINITE"
  /** detect() after dispose(). */
  | "DISPOSED";

export class DetectorError extends Error {
  readonly code: DetectorErrorCode;

  constructor(code: DetectorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DetectorError";
    this.code = code;
  }
}
