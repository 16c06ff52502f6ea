"""Runs a model that `btp-cli export onnx` wrote:  python detect.py model.onnx "a message" "another one"

Needs onnxruntime, numpy and tiktoken, which fetches GPT-2's table of tokens from the internet, once. All that the model
does not compute itself stands in its metadata.
"""

import json
import sys

import numpy as np
import onnxruntime
import regex  # comes with tiktoken
import tiktoken

from normalise import normalise


class Detector:
    def __init__(self, path, encoding=None):
        self.session = onnxruntime.InferenceSession(path)
        about = self.session.get_modelmeta().custom_metadata_map
        if about.get("btp.format") != "1":
            raise ValueError(f"{path} is no model of btp-cli export onnx, or one of another format")
        normalisation = about.get("btp.normalisation")
        if normalisation not in (None, "messages-v1"):
            raise ValueError(f"texts of {path} are normalised by rules that this program does not know")
        self.read = normalise if normalisation else str
        self.labels = json.loads(about["btp.labels"])
        self.threshold = float(about["btp.threshold"])
        self.max_length = int(about["btp.max_length"])
        self.encoding = encoding or tiktoken.get_encoding(about["btp.tokenizer"])
        kept = json.loads(about.get("btp.kept_token_ids", "null"))
        self.own_ids = kept and {gpt2_id: own for own, gpt2_id in enumerate(kept)}

    def encode(self, text):
        ids = self.encoding.encode_ordinary(self.read(text))
        return ids if self.own_ids is None else [own for id in ids for own in self.restrict(id)]

    def restrict(self, id):
        """A token that the model does not have becomes the two that it was joined from, and so on."""
        if id in self.own_ids:
            return [self.own_ids[id]]
        parts = [bytes([byte]) for byte in self.encoding.decode_single_token_bytes(id)]
        while len(parts) > 2:
            joined = [self.rank(a + b) for a, b in zip(parts, parts[1:])]
            at = joined.index(min(joined))
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return [own for part in parts for own in self.restrict(self.rank(part))]

    def rank(self, token):
        try:
            return self.encoding.encode_single_token(token)
        except KeyError:
            return sys.maxsize

    def scores(self, texts):
        """The score of each; 0 for one that says nothing, which is not for the model to judge."""
        rows = [self.encode(text)[: self.max_length] for text in texts]
        shape = (len(rows), max([1, *(len(row) for row in rows)]))  # [messages, tokens]
        ids, mask = np.zeros(shape, np.int32), np.zeros(shape, np.float32)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
        scores = self.session.run(["score"], {"ids": ids, "mask": mask})[0]
        return [float(score) if row and VISIBLE.search(text) else 0.0 for text, row, score in zip(texts, rows, scores)]


# Anything but white space, control characters, what Unicode calls ignorable, and the blank Braille cell.
VISIBLE = regex.compile(r"[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]")


if __name__ == "__main__":
    path, *texts = sys.argv[1:]
    detector = Detector(path)
    for text, score in zip(texts, detector.scores(texts)):
        label = detector.labels[int(score > 0 and score >= detector.threshold)]
        print(f"{label}  {score:.3f}  {text}")
