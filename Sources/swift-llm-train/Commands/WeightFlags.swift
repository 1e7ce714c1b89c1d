import ArgumentParser
import Generation
import ModelFiles
import Models
import Tensors

extension NumberFormat: ExpressibleByArgument {}
extension QuantizedArithmetic: ExpressibleByArgument {}
extension WeightQuantization: ExpressibleByArgument {}

/// How the weights of a model lie in memory.
struct QuantizeFlags: ParsableArguments {
    @Option(
        help: """
            Quantise the weights when they are loaded: q8_0, q4_k, or none, which makes floats also of \
            those that are quantised (as they are stored).
            """)
    var quantize: WeightQuantization?
}

/// How the weights of a model lie in memory, and how they are multiplied.
struct WeightFlags: ParsableArguments {
    private static let defaults = GenerateOptions()

    @Option(help: "The format of the weights: fp32, or bf16, which is faster and rounds them.")
    var precision = Self.defaults.precision

    @Option(
        help: """
            Of quantised weights: exact, or int8, which is faster, rounds what is multiplied with them \
            to 8 bits, and can change an answer.
            """)
    var compute = Self.defaults.compute

    @OptionGroup var quantization: QuantizeFlags

    var held: HeldWeights { HeldWeights(quantization.quantize, in: precision) }
}
