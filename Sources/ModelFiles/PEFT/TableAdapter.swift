import Diagnostics
import Models
import Tensors

/// The adapter of the table of embeddings, or of the output layer. It is folded into the table where it is
/// read, and not trained on.
struct TableAdapter {
    /// The name of the module.
    let module: String
    private let isEmbedding: Bool
    private let rank: Int
    private let scale: Float
    private let tokenCount: Int
    private let width: Int

    private init(
        _ module: String, isEmbedding: Bool, _ adapter: AdapterConfiguration,
        of model: DecoderConfiguration
    ) throws {
        let lora = adapter.lora
        self.module = module
        self.isEmbedding = isEmbedding
        rank = try adapter.ranks.value(of: module, "rank_pattern") ?? lora.rank
        let alpha = try adapter.alphas.value(of: module, "alpha_pattern") ?? lora.alpha
        let divisor = lora.isRankStabilized ? Double(rank).squareRoot() : Double(rank)
        scale = Float(alpha / divisor)
        (tokenCount, width) = (model.vocabularySize, model.embeddingSize)
    }

    /// The tables that an adapter changes.
    ///
    /// - Throws: `Failure` where both tables are one, and for DoRA.
    static func all(
        _ adapter: AdapterConfiguration, of model: DecoderConfiguration
    ) throws -> [TableAdapter] {
        let modules = [
            (AdapterConfiguration.embeddings(of: model), true),
            (AdapterConfiguration.output(of: model), false),
        ]
        let chosen = try modules.filter { name, _ in
            try adapter.targets.contains(name, "target_modules")
                && !(adapter.excluded?.contains(name, "exclude_modules") ?? false)
        }
        guard let first = chosen.first else { return [] }
        guard !model.isTied, !adapter.lora.decomposesWeights else {
            throw Failure(
                "an adapter of the table \(first.0) is not read here",
                expected: "an output layer of its own, without DoRA",
                got: model.isTied ? "a table that embeddings and output layer share" : "DoRA",
                remedy: "leave the module out of target_modules")
        }
        return try chosen.map { try TableAdapter($0, isEmbedding: $1, adapter, of: model) }
    }

    /// Names and shapes of its tensors: A, then B.
    var tensors: [(name: String, shape: [Int])] {
        isEmbedding
            ? [
                ("\(module).lora_embedding_A", [rank, tokenCount]),
                ("\(module).lora_embedding_B", [width, rank]),
            ]
            : [
                ("\(module).lora_A.weight", [rank, width]),
                ("\(module).lora_B.weight", [tokenCount, rank]),
            ]
    }

    var weightName: String { module + ".weight" }

    /// W += s B A; of embeddings the transposed product.
    func fold(_ a: Tensor<Float>, _ b: Tensor<Float>, into table: Tensor<Float>, on device: Device)
    {
        let scaled = device.uninitialized(b.shape)
        device.scale(b, by: scale, into: scaled)
        if isEmbedding {
            device.multiply(
                a.matrix.transposed, scaled.matrix.transposed, into: table.matrix, adds: true)
        } else {
            device.multiply(scaled.matrix, a.matrix, into: table.matrix, adds: true)
        }
    }
}
