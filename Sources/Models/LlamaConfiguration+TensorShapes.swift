extension LlamaConfiguration {
    /// The tensors of a Hugging Face `LlamaForCausalLM`, in the order of its modules: embedding,
    /// blocks, final norm, and the output layer where it is not tied.
    ///
    /// Weights of linear layers are [out, in].
    package var tensorShapes: [(name: String, shape: [Int])] {
        let width = embeddingSize
        let (queries, keys) = (headCount * headSize, keyValueHeadCount * headSize)
        var shapes: [(name: String, shape: [Int])] = [
            ("model.embed_tokens.weight", [vocabularySize, width])
        ]
        for layer in 0..<layerCount {
            let block = "model.layers.\(layer)"
            shapes += [
                ("\(block).self_attn.q_proj.weight", [queries, width]),
                ("\(block).self_attn.k_proj.weight", [keys, width]),
                ("\(block).self_attn.v_proj.weight", [keys, width]),
                ("\(block).self_attn.o_proj.weight", [width, queries]),
                ("\(block).mlp.gate_proj.weight", [mlpSize, width]),
                ("\(block).mlp.up_proj.weight", [mlpSize, width]),
                ("\(block).mlp.down_proj.weight", [width, mlpSize]),
                ("\(block).input_layernorm.weight", [width]),
                ("\(block).post_attention_layernorm.weight", [width]),
            ]
        }
        shapes.append(("model.norm.weight", [width]))
        if !isTied { shapes.append(("lm_head.weight", [vocabularySize, width])) }
        return shapes
    }
}
