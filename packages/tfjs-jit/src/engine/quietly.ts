/**
 * Keeps TensorFlow.js's notices off the console while its backends are loaded and first used: it recommends another
 * package, and warns of each of some 180 kernels that a second copy of it registers anew. Nobody can act on either.
 */
import * as tf from "@tensorflow/tfjs-core";

/** Its production mode switches notices off, and nothing else; what was set before is set again afterwards. */
export async function quietly<R>(run: () => Promise<R>): Promise<R> {
  const environment = tf.env();
  const former = environment.getBool("PROD");
  environment.set("PROD", true);
  try {
    return await run();
  } finally {
    environment.set("PROD", former);
  }
}
