/** Reading a labelled file as the command line says: columns, label mapping, a preset; and telling what was left out. */
import { resolve } from "node:path";
import { type CsvLayout, type DataFile, readCsv, readCsvLayout } from "@btp/cyberbully-train/datasets";
import { Option } from "commander";
import type { CliContext } from "../context.js";
import { agreeing, counted } from "../counted.js";
import { type DatasetPreset, datasetPresets, type PresetName, presetNames } from "./presets.js";

export interface ColumnOptions extends CsvLayout {
  readonly preset?: PresetName;
  /** Column that says what kind of message each is; `evaluate` alone has an option for it. */
  readonly by?: string;
}

export function columnOptions(): Option[] {
  return [
    new Option(
      "--preset <name>",
      "columns and labels of a public data set; `dataset sources` tells of each",
    ).choices(presetNames),
    new Option("--text-column <name>", "column of the message (default: Text)"),
    new Option("--label-column <name>", "column of the label (default: Label)"),
    new Option(
      "--labels <mapping>",
      "what the labels mean, for example bully=1,none=0,unsure=drop (default: 0 and 1)",
    ),
    new Option("--delimiter <character>", "between columns; `tab` for a tabulator (default: ,)"),
  ];
}

/**
 * @param keepsOthers - whether the columns that nobody asked for are read too
 * @throws {TrainDataError}
 */
export async function readDataset(
  path: string,
  options: ColumnOptions,
  context: CliContext,
  keepsOthers = false,
): Promise<DataFile> {
  const preset: DatasetPreset | undefined = options.preset && datasetPresets[options.preset];
  const data = await readCsv(resolve(context.cwd, path), {
    ...preset?.format,
    ...readCsvLayout({
      textColumn: options.textColumn ?? preset?.textColumn,
      labelColumn: options.labelColumn ?? preset?.labelColumn,
      labels: options.labels ?? preset?.labels,
      delimiter: options.delimiter,
    }),
    keepsOthers,
    ...(options.by !== undefined && { groupColumn: options.by }),
  });
  tellProblems(path, data, context);
  return data;
}

const shownProblems = 20;

/** By line and reason: a data file's problems never hold its texts. */
function tellProblems(path: string, { counts, problems }: DataFile, context: CliContext): void {
  if (counts.badRows === 0) return;
  for (const { line, reason } of problems.slice(0, shownProblems)) {
    context.stderr.write(`btp-cli: ${path}, line ${line} was left out: ${reason}\n`);
  }
  context.stderr.write(
    `${counts.badRows} of ${counted(counts.rows, "row")} could not be read and ${agreeing(counts.badRows, "was", "were")} left out.\n`,
  );
}
