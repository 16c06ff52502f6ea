// For running an exported model without this project's engine, in a browser above all: no Node.js, no TensorFlow.js behind it.
export { type Decision, decide, scoreOf } from "./decide.js";
export { emptyDecision, isEmptyMessage } from "./empty-message.js";
export { DetectorError, type DetectorErrorCode } from "./errors.js";
export { type OnnxDetectorInfo, readOnnxInfo } from "./export/read-metadata.js";
export { type TokenizerDescription, tokenizerOf } from "./tokenizer.js";
