"""Compares adapters of every configuration with peft: made there and evaluated here, and trained here and
evaluated there.

    python check_adapters.py PROGRAM MODEL TEXT

PROGRAM is swift-llm-train, MODEL a Hugging Face directory of a small Llama whose output layer is not tied, with
its tokenizer, TEXT a file of some thousand characters. Needs torch, transformers, peft and h5dump. Writes into a
temporary directory.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM

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


def main():
    program, path, text = sys.argv[1:4]
    with tempfile.TemporaryDirectory() as folder:
        shards = f"{folder}/shards"
        run(program, "prepare", "--input", text, "--tokenizer", path, "--output", shards,
            "--validation-fraction", "0.5")
        batch = windows(shards)
        records = f"{folder}/records.jsonl"
        with open(records, "w") as file:
            for index in range(24):
                file.write(json.dumps({"prompt": f"n {index}", "completion": f"m {index % 5}"}) + "\n")
        for number, (settings, keys) in enumerate(CASES):
            config = LoraConfig(r=2, lora_alpha=4, task_type="CAUSAL_LM", **settings)
            model = get_peft_model(base(path), config).eval()
            randomise(model, config)
            there = f"{folder}/there-{number}"
            model.save_pretrained(there)
            report(f"made by peft, {settings}", evaluate(program, there, shards), loss(model, batch))
            if keys is None:
                continue
            output = f"{folder}/here-{number}"
            with open(f"{folder}/recipe.yaml", "w") as file:
                file.write(f"name: here\nphases: [finetune]\noutput: {output}\n")
            run(program, "finetune", "--config", f"{folder}/recipe.yaml", f"finetune.from={path}",
                f"finetune.data={records}", "finetune.template=plain", "lora.rank=2", "lora.alpha=4",
                "finetune.train.steps=4", "finetune.optimizer.learning_rate=1e-2",
                "finetune.optimizer.warmup_steps=0", *keys.split(" "))
            here = f"{output}/finetune/checkpoints/latest"
            loaded = PeftModel.from_pretrained(base(path), here).eval()
            report("trained here", evaluate(program, here, shards), loss(loaded, batch))
        for settings in [dict(init_lora_weights="pissa"), dict(init_lora_weights="olora")]:
            config = LoraConfig(r=2, lora_alpha=4, target_modules=["q_proj"], **settings)
            get_peft_model(base(path), config).save_pretrained(f"{folder}/refused")
            line = run(program, "evaluate", "--model", f"{folder}/refused", "--data", shards, fails=True)
            print(line.strip())


main()
