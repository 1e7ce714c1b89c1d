import CKernels

/// An element in which a model holds what flows from one matrix product to the next: `Float`, or
/// `BFloat16` in mixed precision. Sums, statistics and parameters are floats in both.
///
/// The kernels are those of CKernels; pointers are to contiguous rows.
package protocol ComputeElement: TensorElement {
    typealias In<Element> = UnsafePointer<Element>
    typealias Out<Element> = UnsafeMutablePointer<Element>

    /// Returns the same numbers, rounded where they must be; shares the memory where they need not.
    static func narrowed(_ tensor: Tensor<Float>, on device: Device) -> Tensor<Self>
    static func narrow(_ out: Out<Self>, _ x: In<Float>, _ count: Int)
    static func widen(_ out: Out<Float>, _ x: In<Self>, _ count: Int)
    /// Returns the same numbers as floats; shares the memory where they are floats.
    static func widened(_ tensor: Tensor<Self>, on device: Device) -> Tensor<Float>
    /// Room for `narrowed(_:into:)` of parts of `tensor`; no memory of its own where it is not needed.
    static func narrowScratch(for tensor: Tensor<Float>, on device: Device) -> Tensor<Self>
    /// Returns the same numbers in `scratch`, rows as far apart; the matrix itself where nothing is
    /// rounded.
    static func narrowed(_ matrix: Matrix<Float>, into scratch: Tensor<Self>) -> Matrix<Self>
    /// The matrix in which sums for `matrix` come together in floats: itself, or else one in
    /// `scratch`.
    static func sums(_ matrix: Matrix<Self>, scratch: Tensor<Float>) -> Matrix<Float>
    /// Rounds the sums that `sums(_:scratch:)` gave into `matrix`, unless they came together there.
    static func narrow(_ sums: Matrix<Float>, into matrix: Matrix<Self>)

    /// Computes one tile of a product on the calling thread; see `Device.multiply`.
    static func multiply<Result: ComputeElement>(
        _ tile: Tile, _ a: Matrix<Self>, _ b: Matrix<Self>, into out: Matrix<Result>, adds: Bool,
        by kernels: ProductKernels)

    /// Computes rows, each by the sums of its product alone.
    static func multiply(
        _ out: Out<Float>, _ x: In<Float>, _ w: In<Self>, _ block: row_block, isTransposed: Bool)

    static func add(_ out: Out<Self>, _ a: In<Self>, _ b: In<Self>, _ count: Int)
    static func fill(_ out: Out<Self>, _ value: Float, _ count: Int)
    static func addBias(_ out: Out<Self>, _ bias: In<Float>, rows: Int, columns: Int, stride: Int)
    static func columnSums(
        _ sums: Out<Float>, _ x: In<Self>, rows: Int, columns: Int, stride: Int, adds: Bool)
    static func rowDots(
        _ dots: Out<Float>, _ a: In<Self>, _ b: In<Self>, rows: Int, columns: Int, stride: Int)
    static func gelu(_ out: Out<Self>, _ x: In<Self>, _ count: Int, form: GELUForm)
    static func geluBackward(
        _ dx: Out<Self>, _ dy: In<Self>, _ x: In<Self>, _ count: Int, form: GELUForm)
    static func layerNorm(_ out: Out<Self>, _ x: In<Float>, rows: Int, _ norm: LayerNormRows)
    static func layerNormBackward(
        _ dx: Out<Float>, _ gainSums: Out<Float>, _ biasSums: Out<Float>, _ dy: In<Self>,
        _ x: In<Float>, rows: Int, _ norm: LayerNormRows, adds: Bool)
    /// Overwrites the logits.
    ///
    /// - Parameter cap: what they are bounded by; the gradient is that of what they were before.
    static func crossEntropyGradient(
        _ out: Out<Self>, losses: Out<Float>, logits: Out<Float>, targets: In<Int32>, rows: Int,
        columns: Int, scale: Float, cap: Float?)
}

/// The arguments of the kernels of a layer norm beside its rows.
package struct LayerNormRows {
    let means: UnsafeMutablePointer<Float>
    let rstds: UnsafeMutablePointer<Float>
    let gain: UnsafePointer<Float>
    let bias: UnsafePointer<Float>
    let columns: Int
    let epsilon: Float
}

/// The two forms of GELU (Hendrycks and Gimpel, 2016).
package enum GELUForm: String, Sendable, CaseIterable {
    /// x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x³))), as in GPT-2.
    case tanh
    /// x/2 (1 + erf(x / sqrt 2)).
    case exact
}

extension ComputeElement {
    /// Writes the numbers of `matrix` into `out` as floats, row by row.
    static func widen(_ matrix: Matrix<Self>, into out: Matrix<Float>) {
        for row in 0..<matrix.rows {
            widen(
                out.pointer + row * out.stride, matrix.pointer + row * matrix.stride,
                matrix.columns)
        }
    }
}
