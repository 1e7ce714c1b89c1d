import Diagnostics
import Options

/// Options of the outer steps, which bring islands together (Douillard et al., "DiLoCo", 2023; per
/// fragment and overlapped: Douillard et al., "Streaming DiLoCo", 2025).
package struct OuterOptions: OptionBlock {
    /// The format in which differences of weights travel between islands.
    package enum Format: String, OptionChoice {
        case fp32
        /// A byte an element, and a factor for each 256 of them.
        case int8

        /// Elements of `int8` that share a factor.
        static let blockSize = 256

        /// The bytes in which so many elements travel.
        func byteCount(of count: Int) -> Int {
            let (floatSize, blocks) = (4, (count + Self.blockSize - 1) / Self.blockSize)
            return switch self {
            case .fp32: count * floatSize
            case .int8: count + blocks * floatSize
            }
        }
    }

    /// H: inner steps between two outer steps of the same weights; usual 30 to 500.
    package var everySteps = 100
    /// Learning rate of the outer SGD; usual 0.7.
    package var learningRate = 0.7
    /// Nesterov momentum of the outer SGD; usual 0.9.
    package var momentum = 0.9
    /// Parts of the weights, which meet one after the other within H steps; usual 1 to 8.
    package var fragmentCount = 4
    /// Inner steps that go on while a fragment travels; usual 0 to 10.
    package var delaySteps = 5
    /// Share of an island's own weights in what it goes on with after an outer step; usual 0 to 0.5.
    package var mixing = 0.0
    /// The format in which differences travel; usual fp32.
    package var format = Format.fp32

    package init() {}

    package static var fields: [OptionField<OuterOptions>] {
        [
            OptionField("every_steps", \.everySteps, .atLeast(1), .decidesWeights),
            OptionField("learning_rate", \.learningRate, .aboveZero, .decidesWeights),
            OptionField("momentum", \.momentum, .fromZeroBelowOne, .decidesWeights),
            OptionField("fragments", \.fragmentCount, .atLeast(1), .decidesWeights),
            OptionField("delay_steps", \.delaySteps, .atLeast(0), .decidesWeights),
            OptionField("mixing", \.mixing, .fromZeroBelowOne, .decidesWeights),
            OptionField("dtype", \.format, .decidesWeights),
        ]
    }

    /// Throws a usage `Failure` where a fragment would still be under way when the next begins.
    package func validate() throws {
        guard fragmentCount <= everySteps else {
            throw Failure(
                FailureText("\(key: "outer.fragments") is larger than \(key: "outer.every_steps")"),
                expected: "at most \(everySteps)", got: "\(fragmentCount)",
                remedy: "lower the one or raise the other", kind: .usage)
        }
        let spacing = everySteps / fragmentCount
        guard delaySteps < spacing else {
            throw Failure(
                FailureText(
                    "\(key: "outer.delay_steps") leaves no step between two fragments"),
                expected: FailureText(
                    "less than \(spacing), which is \(key: "outer.every_steps") / ")
                    + FailureText("\(key: "outer.fragments")"),
                got: "\(delaySteps)", remedy: "lower it, or have fewer fragments", kind: .usage)
        }
    }
}
