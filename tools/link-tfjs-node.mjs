#!/usr/bin/env node
/**
 * Builds @tensorflow/tfjs-node (or -gpu) against pip's current TensorFlow and links it into node_modules, so that the
 * engines `tfjs-node` and `tfjs-node-gpu` work: the packages' own prebuilt libraries are years old (CUDA 11.2), while
 * their two C++ files compile unchanged against today's. Optional: nothing in the repository needs it to run or to test.
 *
 * Everything lands in .venv (git-ignored, outside package-lock.json); node_modules gets one symbolic link, which a later
 * `npm ci` removes. Run it again then: what is already there is kept, so it takes seconds.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const tfjsVersion = "4.22.0";
const tensorflowVersion = "2.21.0";
const repository = resolve(dirname(fileURLToPath(import.meta.url)), "..");

const usage = `Usage: node tools/link-tfjs-node.mjs [options]

Links @tensorflow/tfjs-node ${tfjsVersion} to pip's TensorFlow ${tensorflowVersion} (Linux; needs python3, g++, npm and 2 GB of disk,
with --gpu 6 GB and an NVIDIA driver).

  --gpu                 @tensorflow/tfjs-node-gpu, with the CUDA that pip's tensorflow[and-cuda] brings
  --root <dir>          whose node_modules gets the link (default: this repository)
  --folder <dir>        where everything is installed (default: <root>/.venv)
  --python <program>    makes the virtual environment (default: python3)
  --tensorflow <dir>    an installed site-packages/tensorflow to use in place of installing one
  --headers <dir>       Node's C headers, the folder of node_api.h (default: beside this Node)
  --rebuild             compile again even if it was done
  --help`;

const options = readOptions();
if (options.help) {
  console.log(usage);
} else {
  try {
    main();
  } catch (error) {
    console.error(`link-tfjs-node: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        gpu: { type: "boolean", default: false },
        root: { type: "string", default: repository },
        folder: { type: "string" },
        python: { type: "string", default: "python3" },
        tensorflow: { type: "string" },
        headers: { type: "string" },
        rebuild: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    return values;
  } catch (error) {
    console.error(`link-tfjs-node: ${error.message}\n\n${usage}`);
    process.exit(2);
  }
}

function main() {
  if (process.platform !== "linux") {
    throw new Error(
      `this recipe was made for Linux; on ${process.platform} use the engine "jit", which needs none of it.`,
    );
  }
  const root = resolve(options.root);
  const folder = resolve(options.folder ?? join(root, ".venv"));
  const packageName = options.gpu ? "@tensorflow/tfjs-node-gpu" : "@tensorflow/tfjs-node";
  const tensorflow = options.tensorflow ? resolve(options.tensorflow) : installTensorflow(folder);
  requireFile(join(tensorflow, "libtensorflow_cc.so.2"), "TensorFlow's C library");
  const installed = installPackage(packageName, join(folder, "tfjs-node"));
  repairForNewerNode(installed);
  const binding = compileBinding(installed, tensorflow, findHeaders());
  link(packageName, installed, root);
  verify(packageName, root, binding);
}

/** @returns site-packages/tensorflow of the virtual environment in `folder`, made and filled if need be */
function installTensorflow(folder) {
  const python = join(folder, "bin", "python");
  if (!existsSync(python)) {
    step(`virtual environment in ${folder}`);
    run(options.python, ["-m", "venv", folder]);
  }
  const wanted = options.gpu
    ? `tensorflow[and-cuda]==${tensorflowVersion}`
    : `tensorflow==${tensorflowVersion}`;
  // With --gpu pip is asked again: the CPU variant may be there already, and only the CUDA libraries be missing.
  if (options.gpu || !pipHas(python)) {
    step(`pip install ${wanted}: 1.5 GB or more, once`);
    run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", wanted]);
  }
  return join(
    capture(python, ["-c", "import sysconfig; print(sysconfig.get_paths()['platlib'])"]).trim(),
    "tensorflow",
  );
}

function pipHas(python) {
  const { status, stdout } = spawnSync(python, ["-m", "pip", "show", "tensorflow"], { encoding: "utf8" });
  return status === 0 && stdout.includes(`Version: ${tensorflowVersion}`);
}

/** The npm package with its C++ sources, without its install script, which would fetch the old library. */
function installPackage(packageName, folder) {
  const installed = join(folder, "node_modules", packageName);
  if (!existsSync(join(installed, "binding", "tfjs_backend.cc"))) {
    step(`npm install ${packageName}@${tfjsVersion} in ${folder}`);
    mkdirSync(folder, { recursive: true });
    const manifest = join(folder, "package.json");
    if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n');
    run(
      "npm",
      ["install", "--ignore-scripts", "--no-audit", "--no-fund", `${packageName}@${tfjsVersion}`],
      folder,
    );
  }
  return installed;
}

/** 4.22 calls util.isNullOrUndefined, which Node 23 removed (tensorflow/tfjs#8609; fixed upstream, never released). */
function repairForNewerNode(installed) {
  const file = join(installed, "dist", "nodejs_kernel_backend.js");
  const source = readFileSync(file, "utf8");
  const repaired = source.replace(/\(0, util_1\.isNullOrUndefined\)\(([^()]+)\)/g, "(($1) == null)");
  if (repaired !== source) writeFileSync(file, repaired);
}

function findHeaders() {
  const version = process.version.slice(1);
  const candidates = options.headers
    ? [resolve(options.headers)]
    : [
        join(dirname(dirname(process.execPath)), "include", "node"),
        join(homedir(), ".cache", "node-gyp", version, "include", "node"),
        "/usr/include/node",
      ];
  const found = candidates.find((folder) => existsSync(join(folder, "node_api.h")));
  if (!found) {
    throw new Error(
      `Node's C headers (node_api.h) are in none of ${candidates.join(", ")}. Run \`npx node-gyp install\`, or give --headers.`,
    );
  }
  return found;
}

/** @returns the path of the compiled binding, where the package looks for it */
function compileBinding(installed, tensorflow, headers) {
  const folder = join(installed, "lib", `napi-v8`);
  const binding = join(folder, "tfjs_binding.node");
  if (existsSync(binding) && !options.rebuild) return binding;
  step(`g++ against ${tensorflow}: about 20 seconds`);
  mkdirSync(folder, { recursive: true });
  run(
    "g++",
    [
      ...["-std=c++17", "-O2", "-fPIC", "-shared", "-DNAPI_VERSION=8", "-DBUILDING_NODE_EXTENSION"],
      ...[`-I${headers}`, `-I${join(tensorflow, "include")}`, "-I."],
      ...["binding/tfjs_backend.cc", "binding/tfjs_binding.cc", "-o", binding],
      ...[
        `-L${tensorflow}`,
        "-l:libtensorflow_cc.so.2",
        "-l:libtensorflow_framework.so.2",
        `-Wl,-rpath,${tensorflow}`,
      ],
    ],
    installed,
  );
  return binding;
}

function link(packageName, installed, root) {
  const place = join(root, "node_modules", packageName);
  mkdirSync(dirname(place), { recursive: true });
  rmSync(place, { recursive: true, force: true });
  symlinkSync(relative(dirname(place), installed), place, "dir");
  step(`${place} -> ${installed}`);
}

/** Multiplies two matrices in a fresh process and compares with plain JavaScript: a link that only loads is no proof. */
function verify(packageName, root, binding) {
  const program = `
    import { createRequire } from "node:module";
    const tf = createRequire(${JSON.stringify(join(root, "package.json"))})(${JSON.stringify(packageName)});
    await tf.ready();
    const size = 1024;
    const values = (salt) => Float32Array.from({ length: size * size }, (_, i) => Math.sin(i * salt));
    const [a, b] = [values(0.7), values(0.3)];
    const [x, y] = [tf.tensor2d(a, [size, size]), tf.tensor2d(b, [size, size])];
    const c = await tf.matMul(x, y).data();
    let worst = 0;
    for (const [row, column] of [[0, 0], [17, 1000], [1023, 512]]) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += a[row * size + k] * b[k * size + column];
      worst = Math.max(worst, Math.abs(sum - c[row * size + column]));
    }
    if (!(worst < 1e-2)) throw new Error("the product is wrong by " + worst);
    const rounds = 20;
    const start = performance.now();
    for (let i = 0; i < rounds; i++) tf.dispose(tf.matMul(x, y));
    await tf.matMul(x, y).data();
    const seconds = (performance.now() - start) / 1000;
    const gflops = (2 * size ** 3 * (rounds + 1)) / seconds / 1e9;
    console.log(JSON.stringify({ gpu: tf.backend().isUsingGpuDevice, tensorflow: tf.backend().binding.TF_Version, gflops: Math.round(gflops), worst }));
  `;
  const result = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "2", TF_ENABLE_ONEDNN_OPTS: "1" },
  });
  if (result.status !== 0) {
    throw new Error(`${binding} was built, but does not compute. Try --rebuild. It said:\n${result.stderr}`);
  }
  const measured = JSON.parse(result.stdout.trim().split("\n").at(-1));
  console.log(
    `${packageName} ${tfjsVersion} on TensorFlow ${measured.tensorflow}: ${measured.gpu ? "GPU" : "CPU"}, ${measured.gflops} GFLOP/s (1024 x 1024 matrix product, checked)`,
  );
  if (options.gpu && !measured.gpu) {
    throw new Error(
      "no GPU answered: TensorFlow fell back to the CPU. Check `nvidia-smi` and the driver's version.",
    );
  }
}

function requireFile(path, what) {
  if (!existsSync(path))
    throw new Error(`${what} is not at ${path}. Give --tensorflow, or remove the folder and try again.`);
}

function step(text) {
  console.error(`link-tfjs-node: ${text}`);
}

function run(program, args, cwd) {
  // Output of the tools goes to stderr: stdout holds the result alone.
  const { status, error } = spawnSync(program, args, { cwd, stdio: ["ignore", 2, 2] });
  if (error) throw new Error(`${program} cannot be run (${error.message}). Install it first.`);
  if (status !== 0) throw new Error(`${program} ${args.slice(0, 3).join(" ")} ... ended with ${status}.`);
}

function capture(program, args) {
  const { status, stdout, error } = spawnSync(program, args, { encoding: "utf8" });
  if (error || status !== 0) throw new Error(`${program} cannot be run.`);
  return stdout;
}
