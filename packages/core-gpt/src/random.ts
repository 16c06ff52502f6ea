/**
 * Seeded random numbers for initialisation and sampling. Not for dropout, whose masks the engine draws, and not for secrets.
 */

/** Uniform in [0, 1). */
export type Random = () => number;

/**
 * xoshiro128** (Blackman and Vigna 2018, https://prng.di.unimi.it/xoshiro128starstar.c), its state filled by splitmix32.
 * The same seed gives the same numbers on every machine.
 * @param seed - a whole number; its lower 32 bits count
 */
export function createRandom(seed: number): Random {
  let counter = seed | 0;
  const splitmix = (): number => {
    counter = (counter + 0x9e3779b9) | 0;
    let z = counter;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix();
  let d = splitmix();
  return () => {
    const times5 = Math.imul(b, 5);
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result / 0x1_0000_0000;
  };
}

/** A seed for one of many streams: the same base and name give the same seed, other names others (FNV-1a over the name). */
export function seedFor(base: number, name: string): number {
  let hash = 0x811c9dc5 ^ base;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash | 0;
}

/** Fills `target` from N(0, deviation²) by Marsaglia's polar method (Box and Muller without sine and cosine). */
export function fillNormal(target: Float32Array, deviation: number, random: Random): void {
  for (let i = 0; i < target.length; i += 2) {
    let x: number;
    let y: number;
    let square: number;
    do {
      x = 2 * random() - 1;
      y = 2 * random() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const scale = deviation * Math.sqrt((-2 * Math.log(square)) / square);
    target[i] = x * scale;
    // Writing past the end of a typed array of odd length does nothing.
    target[i + 1] = y * scale;
  }
}
