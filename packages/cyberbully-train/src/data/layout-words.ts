/** What people call the parts of a file's layout: errors name the option or key that would mend it. */

export interface LayoutWords {
  readonly textColumn: string;
  readonly labelColumn: string;
  readonly labels: string;
  readonly delimiter: string;
  readonly groupColumn: string;
}

export const optionWords: LayoutWords = {
  textColumn: "--text-column",
  labelColumn: "--label-column",
  labels: '--labels "none=0,racism=1,sexism=1"',
  delimiter: "--delimiter",
  groupColumn: "--by",
};

/** Of a recipe of distill: keys of a source or set. */
export const recipeWords: LayoutWords = {
  textColumn: '"textColumn"',
  labelColumn: '"labelColumn"',
  labels: '"labels": "none=0,racism=1,sexism=1"',
  delimiter: '"delimiter"',
  groupColumn: '"groupColumn"',
};
