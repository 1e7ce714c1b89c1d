extension GPT2Configuration {
    /// The tensors of a Hugging Face `GPT2LMHeadModel`, in the order of its modules, which is the
    /// order of the data: embeddings, blocks, final norm.
    ///
    /// Weights of linear layers are [in, out]. `lm_head.weight` is tied to `transformer.wte.weight`
    /// and does not stand in the file.
    package var tensorShapes: [(name: String, shape: [Int])] {
        let width = embeddingSize
        var shapes: [(name: String, shape: [Int])] = [
            ("transformer.wte.weight", [vocabularySize, width]),
            ("transformer.wpe.weight", [contextLength, width]),
        ]
        for layer in 0..<layerCount {
            let block = "transformer.h.\(layer)"
            shapes += [
                ("\(block).ln_1.weight", [width]),
                ("\(block).ln_1.bias", [width]),
                ("\(block).attn.c_attn.weight", [width, 3 * width]),
                ("\(block).attn.c_attn.bias", [3 * width]),
                ("\(block).attn.c_proj.weight", [width, width]),
                ("\(block).attn.c_proj.bias", [width]),
                ("\(block).ln_2.weight", [width]),
                ("\(block).ln_2.bias", [width]),
                ("\(block).mlp.c_fc.weight", [width, 4 * width]),
                ("\(block).mlp.c_fc.bias", [4 * width]),
                ("\(block).mlp.c_proj.weight", [4 * width, width]),
                ("\(block).mlp.c_proj.bias", [width]),
            ]
        }
        return shapes + [("transformer.ln_f.weight", [width]), ("transformer.ln_f.bias", [width])]
    }
}
