/**
 * What every TensorFlow.js tensor is, without its type: the declarations of this package then compile where those of
 * TensorFlow.js do not (without `skipLibCheck`, from TypeScript 6 on), and so do those of packages that only load a model.
 */
export interface TensorLike {
  readonly dataId: object;
  readonly dtype: string;
  readonly shape: number[];
  readonly strides: number[];
}
