"""Makes the fixtures of ModelFilesTests; needs torch and safetensors (made with 2.13 and 0.8.0)."""

import pathlib

import torch
from safetensors.torch import save_file

folder = pathlib.Path(__file__).parent

floats = {
    "empty": torch.zeros(0, 4),
    "matrix": torch.arange(6, dtype=torch.float32).reshape(2, 3) / 4,
    "scalar": torch.tensor(1e-5),
}
save_file(floats, folder / "floats.safetensors", metadata={"format": "pt"})

numbers = torch.tensor([0.0, -0.0, 1.0, -2.5, 6.1e-5, 5.9604645e-08, 65504.0, float("inf")])
types = {
    "bfloat16": numbers.to(torch.bfloat16),
    "bytes": torch.arange(5, dtype=torch.uint8),
    "float16": numbers.to(torch.float16),
    "float32": numbers,
    "int32": torch.tensor([-1, 2], dtype=torch.int32),
    "int64": torch.tensor([[-1], [1 << 40]]),
}
save_file(types, folder / "types.safetensors")
for name in ("bfloat16", "float16"):
    print(name, [hex(v & 0xFFFFFFFF) for v in types[name].float().view(torch.int32).tolist()])
