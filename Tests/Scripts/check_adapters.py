"""Compares adapters of every configuration with peft: made there and evaluated here, and trained here and
evaluated there.

    python check_adapters.py PROGRAM MODEL TEXT TIED

PROGRAM is swift-llm-train, MODEL a Hugging Face directory of a small Llama whose output layer is not tied, with
its tokenizer, TEXT a file of some thousand characters, TIED a directory as MODEL whose output layer is tied, with the
same tokenizer. Needs torch, transformers, peft (0.18 or newer) and h5dump. Writes into a temporary directory.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

import torch
from peft import AutoPeftModelForCausalLM, LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

TOLERANCE = 2e-5
LENGTH = 32

# peft's settings, and the keys of a recipe that mean the same; None where nothing is trained with them here.
CASES = [
    (dict(target_modules=["q_proj", "v_proj"]), "lora.target_modules=[q_proj,v_proj]"),
    (dict(target_modules=r".*self_attn\.(q|v)_proj"),
     r"lora.target_modules=['.*self_attn\.(q|v)_proj']"),
    (dict(target_modules="all-linear", exclude_modules=["o_proj"]),
     "lora.exclude_modules=[o_proj]"),
    (dict(target_modules=["q_proj", "up_proj"], layers_to_transform=[0]),
     "lora.target_modules=[q_proj,up_proj] lora.layers_to_transform=[0]"),
    (dict(target_modules=["q_proj", "v_proj"], rank_pattern={"q_proj": 4},
          alpha_pattern={"q_proj": 16}, use_rslora=True),
     "lora.target_modules=[q_proj,v_proj] lora.rank_pattern=['q_proj=4'] "
     "lora.alpha_pattern=['q_proj=16'] lora.rslora=true"),
    (dict(target_modules=["q_proj"], modules_to_save=["lm_head", "embed_tokens"]),
     "lora.target_modules=[q_proj] lora.modules_to_save=[lm_head,embed_tokens]"),
    (dict(target_modules=["q_proj"], use_dora=True),
     "lora.target_modules=[q_proj] lora.dora=true"),
    (dict(target_modules=["q_proj", "lm_head"]), None),
    (dict(target_modules=["q_proj", "embed_tokens"]), None),
]

# The same for a model whose output layer is tied.
TIED_CASES = [
    (dict(target_modules=["q_proj"], modules_to_save=saved, ensure_weight_tying=ties),
     f"lora.target_modules=[q_proj] lora.modules_to_save=[{','.join(saved)}] "
     f"lora.ensure_weight_tying={str(ties).lower()}")
    for saved in (["embed_tokens"], ["lm_head"], ["embed_tokens", "lm_head"])
    for ties in (False, True)
]
# Of a model with more rows than its base; peft lists the tables in the second one only.
RESIZED_CASES = [
    dict(target_modules=["q_proj"]),
    dict(target_modules=["q_proj"], modules_to_save=["embed_tokens", "lm_head"]),
    dict(target_modules=["q_proj"], modules_to_save=["embed_tokens"]),
]
NEW_TOKENS = ["zebra", "<|tool|>"]


def run(program, *words, fails=False):
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=600)
    if fails != (done.returncode != 0):
        raise SystemExit(f"{words}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr}")
    return done.stderr if fails else done.stdout


def evaluate(program, adapter, shards):
    text = run(program, "evaluate", "--model", adapter, "--data", shards,
               "--sequence-length", str(LENGTH))
    return json.loads(text.strip().splitlines()[-1])["loss"]


def windows(shards):
    name = next(n for n in sorted(os.listdir(shards)) if n.startswith("validation-"))
    # Vocabularies of this size have tokens of 16 bits.
    subprocess.run(["h5dump", "-d", "/tokens", "-b", "LE", "-o", f"{shards}/tokens",
                    f"{shards}/{name}"], check=True, capture_output=True, timeout=60)
    with open(f"{shards}/tokens", "rb") as file:
        data = file.read()
    tokens = torch.tensor(struct.unpack(f"<{len(data) // 2}H", data), dtype=torch.long)
    count = (len(tokens) - 1) // LENGTH
    return torch.stack([tokens[i * LENGTH: i * LENGTH + LENGTH + 1] for i in range(count)])


@torch.no_grad()
def loss(model, batch):
    logits = model(batch[:, :-1]).logits.double()
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten()).item()


def base(path):
    return AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).eval()


def randomise(model, config):
    torch.manual_seed(7)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            parameter.data += 0.05 * torch.randn_like(parameter)


def report(what, ours, theirs):
    print(f"{what}: {ours:.7f} {theirs:.7f}", flush=True)
    if abs(ours - theirs) > TOLERANCE * abs(theirs):
        raise SystemExit("the losses differ")


class Checks:
    def __init__(self, program, path, folder, shards, records):
        self.program, self.path = program, path
        self.folder = tempfile.mkdtemp(dir=folder)
        self.shards, self.records, self.batch = shards, records, windows(shards)
        self.count = 0

    def made_there(self, settings, rows=None):
        """An adapter of peft, whose trained weights are random."""
        self.count += 1
        model = base(self.path)
        if rows:
            model.resize_token_embeddings(rows)
        config = LoraConfig(r=2, lora_alpha=4, task_type="CAUSAL_LM", **settings)
        model = get_peft_model(model, config).eval()
        randomise(model, config)
        there = f"{self.folder}/there-{self.count}"
        model.save_pretrained(there)
        report(f"made by peft, {settings}{f', {rows} rows' if rows else ''}",
               evaluate(self.program, there, self.shards), loss(model, self.batch))

    def train_here(self, keys):
        self.count += 1
        output = f"{self.folder}/here-{self.count}"
        with open(f"{self.folder}/recipe.yaml", "w") as file:
            file.write(f"name: here\nphases: [finetune]\noutput: {output}\n")
        run(self.program, "finetune", "--config", f"{self.folder}/recipe.yaml",
            f"finetune.from={self.path}", f"finetune.data={self.records}", "finetune.template=plain",
            "lora.rank=2", "lora.alpha=4", "finetune.train.steps=4",
            "finetune.optimizer.learning_rate=1e-2", "finetune.optimizer.warmup_steps=0", *keys)
        return f"{output}/finetune/checkpoints/latest"

    def trained_here(self, keys):
        here = self.train_here(keys.split(" "))
        loaded = PeftModel.from_pretrained(base(self.path), here).eval()
        report("trained here", evaluate(self.program, here, self.shards), loss(loaded, self.batch))

    def with_new_tokens(self, text):
        """Tokens added here: peft loads the tables, and the merge is the model that it gives."""
        here = self.train_here(["lora.target_modules=[q_proj]",
                                f"finetune.add_tokens=['{NEW_TOKENS[0]}']",
                                f"finetune.add_special_tokens=['{NEW_TOKENS[1]}']"])
        shards = f"{self.folder}/shards-{self.count}"
        run(self.program, "prepare", "--input", text, "--tokenizer", here, "--output", shards,
            "--validation-fraction", "0.5")
        batch = windows(shards)
        tokenizer = AutoTokenizer.from_pretrained(here)
        ids = tokenizer("a zebra<|tool|>", add_special_tokens=False)["input_ids"]
        if len(tokenizer) - 2 not in ids or len(tokenizer) - 1 not in ids:
            raise SystemExit(f"the new tokens are not among {ids}")
        loaded = AutoPeftModelForCausalLM.from_pretrained(here, dtype=torch.float32).eval()
        report(f"trained here with new tokens, {len(tokenizer)} rows",
               evaluate(self.program, here, shards), loss(loaded, batch))
        merged, exported = f"{here}-merged", f"{here}-exported"
        run(self.program, "merge", "--adapter", here, "--output", merged)
        run(self.program, "export", "--model", merged, "--output", exported)
        report("merged", evaluate(self.program, merged, shards), loss(base(exported), batch))


def main():
    program, path, text, tied = sys.argv[1:5]
    with tempfile.TemporaryDirectory() as folder:
        shards = f"{folder}/shards"
        run(program, "prepare", "--input", text, "--tokenizer", path, "--output", shards,
            "--validation-fraction", "0.5")
        records = f"{folder}/records.jsonl"
        with open(records, "w") as file:
            for index in range(24):
                file.write(json.dumps({"prompt": f"n {index}", "completion": f"m {index % 5}"}) + "\n")
        for model, cases in [(path, CASES), (tied, TIED_CASES)]:
            checks = Checks(program, model, folder, shards, records)
            print(model, flush=True)
            for settings, keys in cases:
                checks.made_there(settings)
                if keys is not None:
                    checks.trained_here(keys)
            rows = checks.batch.max().item() // 64 * 64 + 512
            for settings in RESIZED_CASES:
                checks.made_there(settings, rows)
            checks.with_new_tokens(text)
        for settings in [dict(init_lora_weights="pissa"), dict(init_lora_weights="olora")]:
            config = LoraConfig(r=2, lora_alpha=4, target_modules=["q_proj"], **settings)
            get_peft_model(base(path), config).save_pretrained(f"{folder}/refused")
            line = run(program, "evaluate", "--model", f"{folder}/refused", "--data", shards, fails=True)
            print(line.strip())


main()
