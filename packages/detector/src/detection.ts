export type Label = "cyberbullying" | "not cyberbullying";

/**
 * The decision on one message. People decide what to do with it: see the model card.
 *
 * A message that says nothing (no tokens, or only white space, control and ignorable characters) is never cyberbullying:
 * score 0, confidence 1, tokens 0, whatever the threshold.
 */
export interface Detection {
  readonly label: Label;
  readonly isCyberbullying: boolean;
  /**
   * How far the score lies on the label's side of the threshold: 0.5 at the threshold, 1 at certainty, linear between.
   * With a threshold of one half it is the probability of the label.
   */
  readonly confidence: number;
  /** Calibrated probability of cyberbullying, 0 to 1. */
  readonly score: number;
  /** isCyberbullying is `score >= threshold`, but for an empty message. */
  readonly threshold: number;
  /** Tokens of the whole message, also where it was truncated. */
  readonly tokens: number;
  /** True where the message was longer than the detector reads. */
  readonly truncated: boolean;
}

export interface DetectOptions {
  /** In place of the detector's own, 0 to 1. */
  readonly threshold?: number;
  /** Told once a call how many milliseconds tokenization took, for a server's metrics. */
  readonly onTokenized?: (milliseconds: number) => void;
}

/** What the matrices are computed in. */
export type Precision = "fp32" | "int8";

export interface DetectorInfo {
  /** The directory's name, for example "btp-mini". */
  readonly name: string;
  /** sha256 of model.safetensors, hex. */
  readonly sha256: string;
  readonly parameters: number;
  /** Messages are read up to this many tokens. */
  readonly maxLength: number;
  readonly threshold: number;
  readonly temperature: number;
  /** Which engine computes: "jit", "tfjs-cpu", ... */
  readonly engine: string;
  /** What it computes in, in the end; absent: fp32. */
  readonly precision?: Precision;
}

export interface Detector {
  readonly info: DetectorInfo;
  /** One decision a message, in order. The numbers do not depend on what else is in the batch (to 1e-5). */
  detect(texts: readonly string[], options?: DetectOptions): Promise<Detection[]>;
  dispose(): Promise<void>;
}

/** A `T` for each text: of a list whose length the compiler knows, a list of that length. */
export type ForEach<Texts extends readonly string[], T> = { -readonly [Place in keyof Texts]: T };

/**
 * What loadDetector gives: a Detector that tells the compiler how many answers there are, so that
 * `const [detection] = await detector.detect([text])` needs no check. A stand-in for tests need only be a Detector.
 */
export interface LoadedDetector extends Detector {
  detect<const Texts extends readonly string[]>(
    texts: Texts,
    options?: DetectOptions,
  ): Promise<ForEach<Texts, Detection>>;
}
