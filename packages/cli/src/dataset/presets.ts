/**
 * Well-known public data sets: where they are, and how their columns and labels are read. No data: whoever wants one
 * gets it there, under its own licence.
 */
import type { ReadCsvOptions } from "@btp/cyberbully-train/datasets";

export interface DatasetPreset {
  readonly title: string;
  /** Where to get it. */
  readonly url: string;
  /** The file in it that is meant. */
  readonly file: string;
  readonly licence: string;
  readonly textColumn: string;
  readonly labelColumn: string;
  /** As parseLabelMapping reads it; undefined: 0 and 1. */
  readonly labels?: string;
  readonly format?: Pick<ReadCsvOptions, "delimiter" | "quote">;
}

export const datasetPresets = {
  elsafoury: {
    title: "Cyberbullying datasets (Elsafoury 2020): Twitter, Kaggle, YouTube and other parts",
    url: "https://data.mendeley.com/datasets/jf4pzyvnpj/1",
    file: "twitter_parsed_dataset.csv, kaggle_parsed_dataset.csv, ...",
    licence: "CC BY 4.0",
    textColumn: "Text",
    labelColumn: "oh_label",
  },
  davidson: {
    title: "Hate speech and offensive language (Davidson et al. 2017): tweets",
    url: "https://github.com/t-davidson/hate-speech-and-offensive-language",
    file: "data/labeled_data.csv",
    licence: "MIT",
    textColumn: "tweet",
    labelColumn: "class",
    labels: "0=1,1=1,2=0",
  },
  olid: {
    title: "OLID, OffensEval 2019 task A (Zampieri et al. 2019): tweets",
    url: "https://sites.google.com/site/offensevalsharedtask/olid",
    file: "olid-training-v1.0.tsv",
    licence: "for research; see its README",
    textColumn: "tweet",
    labelColumn: "subtask_a",
    labels: "OFF=1,NOT=0",
    format: { delimiter: "\t", quote: null },
  },
  hateval: {
    title: "HatEval, SemEval 2019 task 5 (Basile et al. 2019): tweets on women and immigrants",
    url: "https://github.com/msang/hateval",
    file: "hateval2019_en_train.csv",
    licence: "on request, for research",
    textColumn: "text",
    labelColumn: "HS",
  },
  hatecheck: {
    title: "HateCheck (R\u00f6ttger et al. 2021): functional tests, for evaluation only",
    url: "https://github.com/paul-rottger/hatecheck-data",
    file: "test_suite_cases.csv",
    licence: "CC BY 4.0",
    textColumn: "test_case",
    labelColumn: "label_gold",
    labels: "hateful=1,non-hateful=0",
  },
  jigsaw: {
    title: "Toxic Comment Classification Challenge (Jigsaw 2018): Wikipedia talk pages",
    url: "https://www.kaggle.com/c/jigsaw-toxic-comment-classification-challenge/data",
    file: "train.csv",
    licence: "CC0, the comments CC BY-SA 3.0",
    textColumn: "comment_text",
    labelColumn: "toxic",
  },
} as const satisfies Record<string, DatasetPreset>;

export type PresetName = keyof typeof datasetPresets;

function isPresetName(name: string): name is PresetName {
  return Object.hasOwn(datasetPresets, name);
}

export const presetNames: readonly PresetName[] = Object.keys(datasetPresets).filter(isPresetName);

/** The presets as text for people. */
export function describePresets(): string {
  return presetNames
    .map((name) => {
      const { title, url, file, licence, textColumn, labelColumn }: DatasetPreset = datasetPresets[name];
      const { labels = "0 and 1" }: DatasetPreset = datasetPresets[name];
      return `${name}\n  ${title}\n  ${url} (${file}; licence: ${licence})\n  columns ${textColumn}, ${labelColumn}; labels ${labels}\n`;
    })
    .join("\n");
}
