import CKernels
import Tensors

/// The arithmetic by which an optimizer updates weights in one update, each element by itself.
protocol UpdateRule {
    /// Updates one piece; several threads call it, each for another piece.
    func update(_ piece: UpdatedPiece)
}

/// The settings of one update that a group of weights shares, whatever the rule.
struct UpdateSettings {
    let learningRate: Double
    /// What clipping multiplies gradients with.
    let gradientScale: Double
    /// 0 for weights that do not decay.
    let weightDecay: Double
    /// Updates made, with this one.
    let count: Int
}

/// Where the numbers of a piece of a parameter lie.
struct UpdatedPiece {
    /// Its number among the pieces of the optimizer.
    let number: Int
    let weights: UnsafeMutablePointer<Float>
    /// The gradients, or what a rule has made of them.
    let gradients: UnsafeMutablePointer<Float>
    /// The lists of the state that have numbers of the piece, in their order.
    let lists: [UnsafeMutablePointer<Float>]
    let count: Int
    /// The weights rounded; nil without mixed precision.
    let rounded: UnsafeMutablePointer<UInt16>?
    /// What the kernel finds of the piece, and what it writes.
    let found: UnsafeMutablePointer<kernel_parity>
    let written: UnsafeMutablePointer<kernel_parity>
}
