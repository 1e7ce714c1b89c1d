import Models

/// The parameters of a model by what they do.
package struct ParameterParts: Equatable, Sendable {
    package struct Part: Equatable, Sendable {
        package let name: String
        package let count: Int
    }

    /// From the largest down.
    package let parts: [Part]
    package let trainedCount: Int

    package var total: Int { parts.reduce(0) { $0 + $1.count } }

    init(_ plan: ParameterPlan, of model: DecoderConfiguration) {
        var counts: [String: Int] = [:]
        for (name, shape) in plan.tensorShapes(of: model) {
            counts[Self.part(of: name), default: 0] += shape.reduce(1, *)
        }
        parts = counts.map { Part(name: $0.key, count: $0.value) }
            .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
        trainedCount = plan.layout(of: model).trainedParameterCount
    }

    private static func part(of name: String) -> String {
        let words = [
            ("lora_", "adapters"), ("score.", "head"), ("v_head.", "head"),
            ("lm_head", "output layer"), ("wte", "embeddings"), ("wpe", "embeddings"),
            ("embed", "embeddings"),
            ("attn", "attention"), ("attention", "attention"), ("mlp", "feed-forward"),
        ]
        let isNorm = name.contains("norm") || name.contains("ln_")
        return isNorm ? "norms" : words.first { name.contains($0.0) }?.1 ?? "other"
    }
}
