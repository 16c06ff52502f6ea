/** How long to wait before a worker that died is started again. Pure: the count of deaths in a row goes in. */

const FIRST_MS = 50;
const LONGEST_MS = 10_000;

/**
 * Doubles from 50 ms to 10 s. The first death costs next to nothing (a worker killed once should be back at once);
 * a model that dies on every start must not turn the server into a fork bomb.
 * @param deaths - deaths since the worker last answered anything, from 1
 */
export function restartDelayMs(deaths: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (Math.max(1, deaths) - 1));
}
