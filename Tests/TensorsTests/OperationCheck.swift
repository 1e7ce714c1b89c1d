import Tensors
import Testing

/// Holds an operation of the tape against its reference: the values, and the gradient of each input
/// against central differences of a random linear functional of the reference.
struct OperationCheck {
    /// In which directions the derivative is measured.
    enum Directions {
        case everyCoordinate
        /// So many coordinates taken at random, and one direction across all of them, in which a
        /// tile or block that went wrong anywhere shows. For large shapes.
        case sampled(Int)
    }

    let inputs: [Reference]
    var directions = Directions.everyCoordinate
    /// The root of a loss starts with 1; every other output with random numbers.
    var startsWithOne = false
    let reference: ([Reference]) -> Reference
    let operation: (Tape, [Variable]) -> Variable

    /// Rounding in double (1e-16 / h) and truncation (h²) are both about 1e-10 here.
    private static let h = 1e-5

    func expectAgreement(at location: SourceLocation = #_sourceLocation) {
        var random = SplitMix64(seed: UInt64(inputs.reduce(1) { $0 + $1.count }))
        let device = Device(threadCount: 2)
        let tape = Tape(device: device)
        let variables = inputs.map { tape.input(device.tensor($0)) }
        let output = operation(tape, variables)
        let expected = reference(inputs)
        #expect(output.shape == expected.shape, sourceLocation: location)
        expectClose(output.value.array, expected.values, .forward, "values", at: location)

        var seed = Reference(random: expected.shape, using: &random)
        if startsWithOne { seed = seed.map { _ in 1 } }
        tape.backward(from: output, seed: device.tensor(seed))
        for (index, variable) in variables.enumerated() {
            guard let gradient = variable.node?.gradient else {
                Issue.record("input \(index) has no gradient", sourceLocation: location)
                continue
            }
            #expect(gradient.shape == inputs[index].shape, sourceLocation: location)
            expectGradient(
                gradient.array.map { Double($0) }, ofInput: index, seed, &random, at: location)
        }
    }

    private func expectGradient(
        _ gradient: [Double], ofInput index: Int, _ seed: Reference, _ random: inout SplitMix64,
        at location: SourceLocation
    ) {
        var coordinates = Array(gradient.indices)
        if case .sampled(let count) = directions {
            coordinates = (0..<count).map { _ in gradient.indices.randomElement(using: &random)! }
            expectDerivativeAcross(gradient, ofInput: index, seed, &random, at: location)
        }
        let numeric = coordinates.map { coordinate in
            derivative(ofInput: index, seed) { $0[coordinate] += $1 }
        }
        expectClose(
            coordinates.map { gradient[$0] }, numeric, .gradient, "gradient of input \(index)",
            at: location)
    }

    private func expectDerivativeAcross(
        _ gradient: [Double], ofInput index: Int, _ seed: Reference, _ random: inout SplitMix64,
        at location: SourceLocation
    ) {
        let direction = Reference(random: inputs[index].shape, using: &random).values
        let numeric = derivative(ofInput: index, seed) { values, step in
            for i in values.indices { values[i] += step * direction[i] }
        }
        let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
        expectClose(
            [dot(gradient, direction)], [numeric], .gradient, scale: norm,
            "derivative of input \(index) across all coordinates", at: location)
    }

    private func derivative(
        ofInput index: Int, _ seed: Reference, _ move: (inout [Double], Double) -> Void
    ) -> Double {
        let sides = [Self.h, -Self.h].map { step in
            var moved = inputs
            move(&moved[index].values, step)
            return dot(reference(moved).values, seed.values)
        }
        return (sides[0] - sides[1]) / (2 * Self.h)
    }

    private func dot(_ a: [Double], _ b: [Double]) -> Double {
        zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }
}
