/// Clipping by the global norm (Pascanu et al., 2013): gradients longer than the limit are scaled to it.
package struct GradientClipping: Equatable, Sendable {
    /// 0 never scales.
    private let maximumNorm: Double

    /// Added to the norm before the division, as PyTorch does.
    private static let epsilon = 1e-6

    package init(maximumNorm: Double) {
        self.maximumNorm = maximumNorm
    }

    /// The factor by which clipping multiplies gradients of this norm.
    package func scale(norm: Double) -> Double {
        guard maximumNorm > 0 else { return 1 }
        return min(1, maximumNorm / (norm + Self.epsilon))
    }
}
