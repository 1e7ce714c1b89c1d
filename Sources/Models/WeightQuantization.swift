import Diagnostics
import Options
import Tensors

/// A type to which the weights of a model are quantised when it is loaded.
package enum WeightQuantization: String, OptionChoice {
    /// Weights become floats, also those that a file holds quantised.
    case none
    /// 8 bits a weight, and a scale for each 32.
    case q8 = "q8_0"
    /// 4 bits a weight, and scales for each 32 and each 256; layers whose width 256 does not divide, and
    /// those that matter most, get more bits, as llama.cpp gives them.
    case q4K = "q4_k"
}

extension QuantizedArithmetic: OptionChoice {}
extension KeyValueFormat: OptionChoice {}

extension DecoderTensor {
    /// Whether it is a matrix that products read: a weight that can stay quantised.
    package var canBeQuantized: Bool {
        !isBias && (module.isLinear || module == .output || module == .tokenEmbedding)
    }
}

extension LanguageModel {
    /// The bytes of the weights that stay quantised.
    package var quantizedByteCount: Int {
        parameters.quantizedMatrices.reduce(0) { $0 + $1.byteCount }
    }

    /// The types of the weights that stay quantised, the most frequent first: "Q4_1, Q8_0"; nil where
    /// all are floats.
    package var quantizedTypes: String? {
        let counts = Dictionary(
            grouping: parameters.quantizedMatrices, by: \.type
        ).mapValues { $0.reduce(0) { $0 + $1.byteCount } }
        guard !counts.isEmpty else { return nil }
        return counts.sorted { ($0.value, $1.key.rawValue) > ($1.value, $0.key.rawValue) }
            .map(\.key.name).joined(separator: ", ")
    }

    /// What the weights are and how they are multiplied; nil where none are quantised.
    package var quantizedNote: String? {
        quantizedTypes.map {
            "weights: \($0), \(Quantity.bytes(quantizedByteCount)); arithmetic: "
                + parameters.quantizedArithmetic.rawValue
        }
    }
}

extension LanguageModel {
    /// Makes room for the matrices that stay quantised, in the order in which decoding reads them.
    package func reserveQuantized() {
        let outputSizes = Dictionary(
            uniqueKeysWithValues: configuration.linearModules.map { ($0.weightName, $0.outputSize) }
        )
        let quantized = parameters.parameters.filter(\.isQuantized)
        guard !quantized.isEmpty else { return }
        let shapes = quantized.map { parameter in
            guard let type = plan.quantized[parameter.name] else {
                preconditionFailure("\(parameter.name) has no quantised type")
            }
            let outputCount = outputSizes[parameter.name] ?? parameter.shape[0]
            return QuantizedShape(
                type, outputCount: outputCount, depth: parameter.count / outputCount)
        }
        let matrices = QuantizedMatrix.together(shapes, on: device)
        for (parameter, matrix) in zip(quantized, matrices) {
            parameters.hold(matrix, for: parameter)
        }
    }
}
