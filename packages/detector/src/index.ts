export type { Detection, DetectOptions, Detector, DetectorInfo, Label } from "./detection.js";
