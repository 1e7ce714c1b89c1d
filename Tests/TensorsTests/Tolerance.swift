import Testing

/// How far a result may be from its reference, relative to the largest reference value.
struct Tolerance {
    let relative: Double

    /// A float has 24 bits (6e-8); sums of up to a few hundred terms lose a few of them.
    static let forward = Tolerance(relative: 1e-5)
    /// A backward pass chains several rounded operations, some of which cancel.
    static let gradient = Tolerance(relative: 1e-4)
    /// Element-wise arithmetic rounds once or twice.
    static let rounding = Tolerance(relative: 3e-7)

    /// Where all reference values are smaller (a gradient that is exactly 0), the error counts as
    /// relative to this: inputs and seeds are of the order of 1.
    static let smallestScale = 1e-2
}

/// Largest difference, relative to the largest expected value; NaN where either side has one.
func relativeError(
    of got: [Double], from expected: [Double], scale: Double? = nil
) -> Double {
    guard got.count == expected.count else { return .infinity }
    let largest = scale ?? expected.map(abs).max() ?? 0
    var error = 0.0
    for (g, e) in zip(got, expected) {
        let difference = abs(g - e)
        if difference.isNaN { return .nan }
        error = max(error, difference)
    }
    return error / max(largest, Tolerance.smallestScale)
}

func expectClose(
    _ got: [Double], _ expected: [Double], _ tolerance: Tolerance, scale: Double? = nil,
    _ what: String = "", at location: SourceLocation = #_sourceLocation
) {
    let error = relativeError(of: got, from: expected, scale: scale)
    #expect(
        error <= tolerance.relative, "\(what): relative error \(error)", sourceLocation: location)
}

func expectClose(
    _ got: [Float], _ expected: [Double], _ tolerance: Tolerance, _ what: String = "",
    at location: SourceLocation = #_sourceLocation
) {
    expectClose(got.map { Double($0) }, expected, tolerance, what, at: location)
}
