/** Entry "@btp/cyberbully-train/datasets": reading, comparing, splitting and writing labelled messages. */
export { type CsvLayout, readCsvLayout } from "./data/csv-layout.js";
export {
  type Deduplicated,
  type DuplicateReport,
  describeOverlap,
  findDuplicates,
  findOverlap,
  type OverlapReport,
  removeDuplicates,
} from "./data/duplicates.js";
export { type DataErrorReason, TrainDataError } from "./data/errors.js";
export type { Example } from "./data/example.js";
export { type LabelMapping, parseLabelMapping } from "./data/labels.js";
export { type DataCounts, type DataFile, type ReadCsvOptions, readCsv } from "./data/read-csv.js";
export {
  type MessageRow,
  type MessageRows,
  type ReadMessagesOptions,
  readMessages,
} from "./data/read-messages.js";
export type { ProblemCode, RowProblem } from "./data/row-problems.js";
export { type Split, type SplitOptions, splitExamples } from "./data/split.js";
export { type DataStats, datasetStats, formatStats } from "./data/stats.js";
export { textChunks } from "./data/text-chunks.js";
export { formatCsv, writeCsv, writtenColumns } from "./data/write-csv.js";
