import Runs

extension RecipeFile {
    /// The recipe of the built-in quick start; it only leaves `output` open, and the global batch size
    /// where there are many ranks.
    package static let quickStart = RecipeFile(
        name: "the built-in quick start",
        text: """
            name: quickstart
            phases: [prepare, pretrain, evaluate, generate]
            tokenizer: {kind: bpe, vocabulary_size: 1728}
            prepare: {validation_fraction: 0.05}
            model: {layer_count: 4, head_count: 4, embedding_size: 128, context_length: 256}
            train: {global_batch_size: 8, micro_batch_size: 4, sequence_length: 256, steps: 1400}
            optimizer:
              learning_rate: 5.0e-3
              warmup_steps: 50
              weight_decay: 0.1
              beta2: 0.95
            checkpoint: {every_steps: 0}
            evaluate: {every_steps: 350, batches: 8}
            generate: {prompt: Once, maximum_tokens: 250, temperature: 0.8}
            """, isBuiltIn: true)
}
