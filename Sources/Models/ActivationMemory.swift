import Tensors

/// The memory that the activations of one forward and backward pass take, before it is taken.
///
/// Counted from the tensors that the operations make: those that a block keeps until its backward
/// pass, and those that pass from one operation to the next. The pool keeps those, so what
/// passes counts once, as often as it is there at a time.
package struct ActivationMemory: Equatable, Sendable {
    /// Bytes that each block keeps in memory of its own.
    package private(set) var keptByBlock: Int
    /// Bytes that each block keeps where gradients of earlier blocks are still to come.
    package private(set) var lendableByBlock: Int
    /// Bytes that pass, in whichever block.
    package private(set) var passing: Int
    /// Bytes of the residual stream, which is all that a block keeps that is computed again.
    package private(set) var stream: Int
    /// Blocks through which a gradient comes.
    package private(set) var blockCount: Int

    /// - Parameters:
    ///   - rows: Tokens in a forward pass.
    ///   - precision: The elements of what flows between matrix products.
    ///   - plan: What is trained, and what is added to the model.
    package init(
        of model: DecoderConfiguration, rows: Int, precision: NumberFormat, plan: ParameterPlan
    ) {
        let element = precision == .fp32 ? 4 : 2
        let columns = Columns(model, element: element, plan: plan)
        (keptByBlock, lendableByBlock) = (rows * columns.kept, rows * columns.lendable)
        passing = rows * columns.passing
        stream = rows * 4 * model.embeddingSize
        blockCount = model.layerCount - Self.firstBlock(model, plan)
    }

    /// Bytes at once.
    ///
    /// - Parameter lendable: Bytes of gradients that may be lent.
    package func total(recomputes: Bool, lendable: Int) -> Int {
        let block = keptByBlock + lendableByBlock
        guard !recomputes else { return blockCount * stream + block + passing }
        // The first block has none before it whose gradients it could take the place of.
        let before = max(0, blockCount - 1)
        let lent = min(before * lendableByBlock, lendable)
        return blockCount * block - lent + passing
    }

    /// The first block behind anything that is trained; all blocks where the embedding is.
    private static func firstBlock(_ model: DecoderConfiguration, _ plan: ParameterPlan) -> Int {
        let adapted = Set(plan.adaptedModules.map(\.module.weightName))
        let first = model.tensors.first {
            plan.trainsBase($0.name) || adapted.contains($0.name)
        }
        guard let first else { return model.layerCount }
        let isEmbedding = [.tokenEmbedding, .positionEmbedding].contains(first.module)
        return first.layer ?? (isEmbedding ? 0 : model.layerCount)
    }
}

/// Bytes a token.
private struct Columns {
    var kept = 0
    var lendable = 0
    var passing = 0

    init(_ model: DecoderConfiguration, element: Int, plan: ParameterPlan) {
        let width = model.embeddingSize
        let joined = width + 2 * model.keyValueSize
        kept = 4 * (model.headCount + (model.norm == .layer ? 4 : 2))
        switch model.weightLayout {
        case .inputFirst:
            // Queries, keys and values; attention; what stands before the activation; two sums.
            lendable = element * (joined + width + model.mlpSize) + 4 * 2 * width
            // On the way back: of the activation twice, queries, keys and values, the stream.
            passing = element * (2 * model.mlpSize + joined + 2 * width) + 4 * 3 * width
        case .outputFirst:
            let inputs = (element == 4 ? 2 : Self.roundedInputs(model, plan)) * width
            lendable = 4 * (joined + width)
            kept += 4 * (2 * width + 2 * model.mlpSize) + element * (inputs + model.mlpSize)
            passing =
                4 * (3 * model.mlpSize + joined + 4 * width) + element * (width + model.mlpSize)
        }
        addDropout(model)
        addAdapters(model, element: element, plan: plan)
    }

    /// The rounded inputs of a block that are as wide as the stream: of attention, of its output, and of what
    /// stands before the activation.
    ///
    /// Layers of one input with adapters round it each for itself, unless one product joins them: see
    /// `ForwardPass.joined`.
    private static func roundedInputs(_ model: DecoderConfiguration, _ plan: ParameterPlan) -> Int {
        let adapted = Set(plan.adaptedModules.map(\.module.weightName))
        let decomposes = plan.lora?.decomposesWeights == true
        func count(_ modules: Set<DecoderModule>, joins: Bool) -> Int {
            let layers = model.tensors.filter { modules.contains($0.module) && !$0.isBias }
            let isJoined = joins && !decomposes && model.biasedModules.isDisjoint(with: modules)
            guard !isJoined, layers.contains(where: { adapted.contains($0.name) }) else { return 1 }
            return Set(layers.map(\.module)).count
        }
        return count([.queries, .keys, .values], joins: model.headNorm == nil)
            + 1 + count([.gate, .raise], joins: model.activation == .swiGLU)
    }

    /// Adds the memory of dropout: what is dropped is not made in place, and the sums are memory of
    /// their own.
    private mutating func addDropout(_ model: DecoderConfiguration) {
        guard model.dropoutRate > 0 else { return }
        passing += 4 * 2 * model.embeddingSize
        guard model.weightLayout == .inputFirst else { return }
        kept += 4 * 2 * model.embeddingSize
    }

    private mutating func addAdapters(
        _ model: DecoderConfiguration, element: Int, plan: ParameterPlan
    ) {
        guard let lora = plan.lora else { return }
        let perBlock = max(1, plan.adaptedModules.count / max(1, model.layerCount))
        let block = plan.adaptedModules.prefix(perBlock)
        let inputs = block.reduce(0) { $0 + $1.module.inputSize }
        let outputs = block.reduce(0) { $0 + $1.module.outputSize }
        kept += element * block.reduce(0) { $0 + $1.rank }
        if lora.dropoutRate > 0 { kept += element * inputs }
        // An adapter reads floats, which the rounded product behind the activation does not keep.
        let lowers = Set(model.tensors.filter { $0.module == .lower }.map(\.name))
        let isFloatKept = element < 4 && model.weightLayout == .outputFirst
        if isFloatKept, block.contains(where: { lowers.contains($0.module.weightName) }) {
            kept += 4 * model.mlpSize
        }
        if lora.decomposesWeights { kept += 4 * outputs }
        passing += 4 * (block.map { $0.module.inputSize + $0.module.outputSize }.max() ?? 0)
    }
}
