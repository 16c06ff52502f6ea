/**
 * The learning rate as a function of the step: linear warm-up, then a cosine from `peak` down to `floor`
 * (SGDR without restarts, arXiv 1608.03983). Nothing is remembered between calls, so a resumed run needs only its step.
 */
export interface Schedule {
  /** Learning rate at the end of the warm-up. */
  readonly peak: number;
  /** Learning rate after the last step. */
  readonly floor: number;
  /** Steps of linear warm-up, counted within `totalSteps`; 0 for none. */
  readonly warmUpSteps: number;
  readonly totalSteps: number;
}

/** @param step - counted from 0; steps past the last one get the floor */
export function learningRateAt(step: number, schedule: Schedule): number {
  const { peak, floor, warmUpSteps, totalSteps } = schedule;
  if (step < warmUpSteps) return (peak * (step + 1)) / warmUpSteps;
  if (step >= totalSteps) return floor;
  const progress = (step - warmUpSteps) / (totalSteps - warmUpSteps);
  return floor + ((peak - floor) * (1 + Math.cos(Math.PI * progress))) / 2;
}
