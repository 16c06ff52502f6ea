/** Runs tasks strictly one after another, in the order they were added; a task that fails does not stop the next. */
export class RunQueue {
  private last: Promise<unknown> = Promise.resolve();

  add<R>(task: () => R | Promise<R>): Promise<R> {
    const result = this.last.then(task);
    this.last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when everything added so far has ended. */
  async drained(): Promise<void> {
    await this.last;
  }
}
