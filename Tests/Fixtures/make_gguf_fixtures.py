#!/usr/bin/env python3
"""Makes Tests/Fixtures/gguf: a Llama whose tensors are of every type that is read, and its values; and
numbers as the blocks of every type of 32 values that is written.

    pip install gguf==0.19.0 numpy safetensors
    python Tests/Fixtures/make_gguf_fixtures.py

The blocks are random bytes with scales in their places; the values are those of gguf-py's `dequantize`,
with the rows of queries and keys in the order of Hugging Face (as transformers reverses it).
"""

import pathlib

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFWriter, quants
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).resolve().parent / "gguf"
WIDTH, HEADS, KEY_HEADS, HEAD, MLP, VOCABULARY = 256, 2, 1, 8, 32, 11
# Where the numbers in F16 stand in a block.
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "IQ4_NL": [0],
          "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
rng = np.random.default_rng(16)


def blocks(name, rows, columns):
    """Bytes of a tensor, and its values."""
    kind = GGMLQuantizationType[name]
    if name in ("F32", "F16", "BF16"):
        values = rng.normal(0, 0.5, (rows, columns)).astype(np.float32)
        if name == "F32":
            return values, values
        if name == "F16":
            return values.astype(np.float16), values.astype(np.float16).astype(np.float32)
        data = quants.quantize(values, kind)
        return data, quants.dequantize(data, kind)
    size, byte_count = GGML_QUANT_SIZES[kind]
    data = rng.integers(0, 256, (rows * columns // size, byte_count), dtype=np.uint8)
    for place in SCALES[name]:
        scale = rng.normal(0, 0.01, len(data)).astype(np.float16)
        # Numbers below the normal ones of F16, too.
        scale[::7] = np.float16(3e-7)
        data[:, place:place + 2] = scale.view(np.uint8).reshape(-1, 2)
    data = data.reshape(rows, -1)
    return data, quants.dequantize(data, kind).reshape(rows, columns)


def separated(values, heads):
    return (values.reshape(heads, values.shape[0] // heads // 2, 2, -1).swapaxes(1, 2)
            .reshape(values.shape))


def main():
    FOLDER.mkdir(exist_ok=True)
    writer = GGUFWriter(FOLDER / "types.gguf", "llama")
    writer.add_name("Types")
    writer.add_context_length(16)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(2)
    writer.add_feed_forward_length(MLP)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_rope_dimension_count(HEAD)
    writer.add_rope_freq_base(50_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    values = {}

    def add(name, target, kind, rows, columns, heads=None):
        data, expected = blocks(kind, rows, columns)
        writer.add_tensor(name, data, raw_dtype=GGMLQuantizationType[kind])
        values[target] = np.ascontiguousarray(separated(expected, heads) if heads else expected)

    def norm(name, target):
        values[target] = rng.normal(1, 0.1, WIDTH).astype(np.float32)
        writer.add_tensor(name, values[target])

    add("token_embd.weight", "model.embed_tokens.weight", "Q6_K", VOCABULARY, WIDTH)
    types = [("Q4_K", "Q5_K", "Q2_K", "F16", "Q3_K", "IQ4_NL", "BF16"),
             ("Q4_0", "Q4_1", "Q5_0", "F32", "Q5_1", "Q8_0", "Q4_0")]
    for layer, (q, k, v, o, gate, up, down) in enumerate(types):
        source, target = f"blk.{layer}.", f"model.layers.{layer}."
        norm(source + "attn_norm.weight", target + "input_layernorm.weight")
        attention = target + "self_attn."
        add(source + "attn_q.weight", attention + "q_proj.weight", q, HEADS * HEAD, WIDTH, HEADS)
        add(source + "attn_k.weight", attention + "k_proj.weight", k, KEY_HEADS * HEAD, WIDTH,
            KEY_HEADS)
        add(source + "attn_v.weight", attention + "v_proj.weight", v, KEY_HEADS * HEAD, WIDTH)
        add(source + "attn_output.weight", attention + "o_proj.weight", o, WIDTH, HEADS * HEAD)
        norm(source + "ffn_norm.weight", target + "post_attention_layernorm.weight")
        add(source + "ffn_gate.weight", target + "mlp.gate_proj.weight", gate, MLP, WIDTH)
        add(source + "ffn_up.weight", target + "mlp.up_proj.weight", up, MLP, WIDTH)
        add(source + "ffn_down.weight", target + "mlp.down_proj.weight", down, WIDTH, MLP)
    norm("output_norm.weight", "model.norm.weight")
    add("output.weight", "lm_head.weight", "Q8_0", VOCABULARY, WIDTH)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(values, FOLDER / "types.safetensors")

    write_quantized()


def write_quantized():
    values = rng.normal(0, 0.02, (16, 64)) * np.exp(rng.normal(0, 1, (16, 1)))
    values = values.astype(np.float32)
    # Zeros, one value alone, equal ones, positive ones, and scales below the normal numbers of F16.
    values[0], values[1, :32], values[2], values[3] = 0, 0, 0.1, np.abs(values[3])
    values[1, 7], values[4] = -0.3, values[4] * np.float32(1e-6)
    blocks = {name.lower(): quants.quantize(values, GGMLQuantizationType[name])
              for name in ("Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0")}
    save_file({"values": values, **blocks}, FOLDER / "quantized.safetensors")


if __name__ == "__main__":
    main()
