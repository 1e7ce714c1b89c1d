import Diagnostics
import ModelFiles
import Models
import Options

/// The adapters of fine-tuning with `finetune.trained: lora`.
package struct LoRAOptions: OptionBlock {
    /// r: the inner size of an adapter; usual 4 to 64.
    package var rank = 8
    /// The change counts alpha / r times; usual one to two times the rank.
    package var alpha = 16.0
    /// Share of an adapter's inputs set to zero in training; usual 0 to 0.1.
    package var dropout = 0.0
    /// The ends of the names of the layers that get an adapter; usual all-linear.
    package var targetModules = [LoRAConfiguration.allModules]
    /// The ends of the names of layers that get none of them; usual none.
    package var excludeModules: [String] = []
    /// The numbers, from 0 on, of the blocks that get adapters; by default all.
    package var layersToTransform: [Int] = []
    /// Other ranks of some layers: "pattern=rank", of which the first that fits counts.
    package var rankPattern: [String] = []
    /// Other alphas of some layers: "pattern=alpha".
    package var alphaPattern: [String] = []
    /// The ends of the names of modules that are trained as they are, such as lm_head; usual none.
    package var modulesToSave: [String] = []
    /// Whether the tables of embeddings and output layer stay one where either is saved; else each one that is
    /// saved leaves the other. Tables to which tokens are added stay one.
    package var ensureWeightTying = false
    /// The biases that are trained, too; usual none.
    package var bias = AdapterBias.none
    /// Whether the change counts alpha / sqrt(r) times: rank-stabilised LoRA.
    package var rankStabilized = false
    /// Whether the length of each output's weights is trained on its own: DoRA.
    package var dora = false
    /// How the weights beside adapters lie in memory: none makes floats of them, q8_0 and q4_k quantise
    /// them; by default they stay as the file holds them (QLoRA).
    package var quantize: WeightQuantization?

    package init() {}

    package static var fields: [OptionField<LoRAOptions>] {
        [
            OptionField("rank", \.rank, .atLeast(1), .decidesWeights),
            OptionField("alpha", \.alpha, .aboveZero, .decidesWeights),
            OptionField("dropout", \.dropout, .fromZeroBelowOne, .decidesWeights),
            OptionField("target_modules", \.targetModules, .decidesWeights),
            OptionField("exclude_modules", \.excludeModules, .decidesWeights).addedLater,
            OptionField("layers_to_transform", \.layersToTransform, .decidesWeights).addedLater,
            OptionField("rank_pattern", \.rankPattern, .decidesWeights).addedLater,
            OptionField("alpha_pattern", \.alphaPattern, .decidesWeights).addedLater,
            OptionField("modules_to_save", \.modulesToSave, .decidesWeights).addedLater,
            OptionField("ensure_weight_tying", \.ensureWeightTying, .decidesWeights).addedLater,
            OptionField("bias", \.bias, .decidesWeights).addedLater,
            OptionField("rslora", \.rankStabilized, .decidesWeights),
            OptionField("dora", \.dora, .decidesWeights),
            OptionField("quantize", \.quantize, .decidesWeights),
        ]
    }

    private var configuration: LoRAConfiguration {
        var lora = LoRAConfiguration()
        lora.rank = rank
        lora.alpha = alpha
        lora.dropoutRate = Float(dropout)
        lora.targetModules = targetModules
        lora.isRankStabilized = rankStabilized
        lora.decomposesWeights = dora
        return lora
    }

    /// The adapter of these options.
    ///
    /// - Throws: a usage `Failure` for a pattern without its value.
    func adapter(basePath: String, hasHead: Bool) throws -> AdapterConfiguration {
        var adapter = AdapterConfiguration(
            lora: configuration, basePath: basePath, hasHead: hasHead)
        adapter.excluded = excludeModules.isEmpty ? nil : ModuleSelection(excludeModules)
        adapter.layers = layersToTransform
        adapter.ranks = try Self.values(rankPattern, "rank_pattern") { Int($0) }
        adapter.alphas = try Self.values(alphaPattern, "alpha_pattern") { Double($0) }
        adapter.savedModules = modulesToSave
        adapter.tiesSavedTables = ensureWeightTying
        adapter.bias = bias
        return adapter
    }

    private static func values<Value: Comparable & Numeric & Sendable>(
        _ texts: [String], _ key: String, _ read: (String) -> Value?
    ) throws -> ModuleValues<Value> {
        ModuleValues(
            try texts.map { text in
                let place = text.lastIndex(of: "=") ?? text.startIndex
                let value = read(String(text[place...].dropFirst()))
                guard place > text.startIndex, let value, value > 0 else {
                    throw Failure(
                        FailureText("\(key: "lora.\(key)")"), expected: "pattern=number",
                        got: text, remedy: "write a pattern, an equals sign and a number above 0",
                        kind: .usage)
                }
                return .init(String(text[..<place]), value)
            })
    }

    /// The options that ask for an adapter.
    init(_ adapter: AdapterConfiguration) {
        self.init()
        let lora = adapter.lora
        (rank, alpha, dropout) = (lora.rank, lora.alpha, Double(lora.dropoutRate))
        targetModules = lora.targetModules
        (rankStabilized, dora) = (lora.isRankStabilized, lora.decomposesWeights)
        excludeModules = adapter.excluded?.texts ?? []
        layersToTransform = adapter.layers
        rankPattern = adapter.ranks.entries.map { "\($0.pattern)=\($0.value)" }
        alphaPattern = adapter.alphas.entries.map { "\($0.pattern)=\($0.value)" }
        modulesToSave = adapter.savedModules
        ensureWeightTying = adapter.tiesSavedTables
        bias = adapter.bias
    }
}

extension AdapterBias: OptionChoice {}
