export { type Difference, expectClose, maxDifference } from "./difference.js";
export { finiteDifference } from "./finite-difference.js";
export { type FixtureTensor, readTensors } from "./read-tensors.js";
export { repositoryRoot, sharedFolder } from "./shared-folder.js";
