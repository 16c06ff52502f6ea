/** What `dataset import` and `split` tell of the files they wrote: columns, and what was left out and why. Never a text. */
import { type DataFile, type Example, writtenColumns } from "@btp/cyberbully-train/datasets";
import type { CliContext } from "../context.js";
import { toPrintable } from "../printable.js";

export const positiveOf = (examples: readonly Example[]): number =>
  examples.filter(({ label }) => label === 1).length;

/** For machines. @param examples - those that were written */
export function describeWritten(
  file: string,
  { sha256, counts, columns }: DataFile,
  examples: readonly Example[],
): Record<string, unknown> {
  const { rows, badRows, dropped, problems } = counts;
  return {
    file,
    sha256,
    rows,
    leftOut: { badRows, problems, droppedByLabels: dropped, repeats: counts.examples - examples.length },
    columns: writtenColumns(columns.others),
  };
}

/** One line where the written columns are not simply Text and Label as they were. */
export function tellColumns({ columns }: DataFile, context: CliContext): void {
  const sources = [columns.text, columns.label, ...columns.others];
  const written = writtenColumns(columns.others);
  if (written.join() === sources.join() && columns.others.length === 0) return;
  const named = written.map((name, i) => {
    const source = sources[i]!;
    return name === source ? toPrintable(name) || "(no name)" : `${name} (was ${toPrintable(source)})`;
  });
  context.stderr.write(`Columns written: ${named.join(", ")}.\n`);
}
