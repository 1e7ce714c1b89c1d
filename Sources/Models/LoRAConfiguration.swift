import Diagnostics

/// Low-rank adaptation (Hu et al., 2021): to a frozen weight W is added s B A, of which A [r, in]
/// and B [out, r] are trained.
package struct LoRAConfiguration: Equatable, Sendable {
    /// r.
    package var rank = 8
    package var alpha = 16.0
    /// Share of the inputs of A that training sets to zero.
    package var dropoutRate: Float = 0
    /// Endings of the names of the modules that get an adapter ("c_attn", "mlp.c_proj");
    /// "all-linear" takes every linear layer of the blocks.
    package var targetModules: [String] = [Self.allModules]
    /// s = alpha / sqrt(r) in place of alpha / r (Kalajdzievski, 2023).
    package var isRankStabilized = false
    /// Trains the length of each output's weights on its own: DoRA (Liu et al., 2024).
    package var decomposesWeights = false

    package static let allModules = "all-linear"

    package init() {}

    /// s of a module.
    func scale(of module: AdaptedModule) -> Float {
        let rank = Double(module.rank)
        return Float(module.alpha / (isRankStabilized ? rank.squareRoot() : rank))
    }

    /// The modules of a model that get an adapter.
    ///
    /// - Throws: a usage `Failure` where a target matches none of them.
    package func modules(of model: DecoderConfiguration) throws -> [LinearModule] {
        let all = model.linearModules
        for target in targetModules where !all.contains(where: { Self.matches($0, target) }) {
            let endings = Set(
                all.compactMap { $0.name.split(separator: ".").last.map(String.init) })
            throw Failure(
                "the LoRA target module \(target) matches nothing in the model",
                expected: "\(Self.allModules), or the end of a name: "
                    + endings.sorted().joined(separator: ", "), got: target,
                remedy: "change target_modules", kind: .usage)
        }
        return all.filter { module in targetModules.contains { Self.matches(module, $0) } }
    }

    /// Whether a target names a module, as in PEFT: by the whole name, or its last parts.
    private static func matches(_ module: LinearModule, _ target: String) -> Bool {
        target == allModules || module.name == target || module.name.hasSuffix("." + target)
    }
}

/// A module that gets an adapter, with the adapter's sizes.
package struct AdaptedModule: Equatable, Sendable {
    package let module: LinearModule
    /// r.
    package let rank: Int
    package let alpha: Double

    package init(_ module: LinearModule, rank: Int, alpha: Double) {
        self.module = module
        (self.rank, self.alpha) = (rank, alpha)
    }
}
