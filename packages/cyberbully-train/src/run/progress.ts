/** What a run tells while it goes on. Whoever called decides what to draw; the library prints nothing. */
import type { TransferProgress } from "@btp/weights-gpt2";
import type { EvaluationRecord } from "./run-position.js";

export type TrainEvent =
  | { readonly kind: "note"; readonly text: string }
  | ({ readonly kind: "download"; readonly file: string } & TransferProgress)
  | {
      readonly kind: "features";
      readonly done: number;
      readonly total: number;
      readonly messagesPerSecond: number;
    }
  | {
      readonly kind: "step";
      readonly step: number;
      readonly totalSteps: number;
      /** Epochs done, fractional. */
      readonly epoch: number;
      readonly epochs: number;
      readonly loss: number;
      readonly learningRate: number;
      readonly messagesPerSecond: number;
      /** To the end of the last epoch at the present speed; early stopping may come sooner. */
      readonly secondsLeft: number;
    }
  | {
      /** An update of a run in phases. */
      readonly kind: "update";
      /** Updates done of all phases, and how many there will be as far as they are planned. */
      readonly done: number;
      readonly total: number;
      readonly text: string;
      readonly secondsLeft: number;
    }
  | { readonly kind: "evaluation"; readonly record: EvaluationRecord; readonly best: boolean }
  | { readonly kind: "checkpoint"; readonly step: number };

export type OnProgress = (event: TrainEvent) => void;
